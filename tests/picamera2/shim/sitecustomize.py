"""Runs when Python starts in the lab: adapts the virtual camera once picamera2 is imported."""

import importlib.abc
import importlib.util
import sys


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "picamera2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_fit(module):
            execute(module)
            import virtual_camera

            virtual_camera.fit()

        spec.loader.exec_module = execute_and_fit
        return spec


sys.meta_path.insert(0, _Finder())
