from tests.daemon.snapshots import running, sink


def test_the_line_for_the_manager_says_how_it_goes_and_what_is_wrong() -> None:
    well = running(face=True, temperature_c=61.4).sentence()
    assert well == "running, 30 fps, face, 61 °C"
    ill = running(
        state="stalled",
        degraded=("camera_stalled",),
        sinks=(sink(uri="udp://car:1", connected=False, last_error="no route"),),
        camera_trouble="cable cut",
        refused="tracker: no",
        saving="/srv/pictures",
    ).sentence()
    for words in (
        "stalled",
        "no face",
        "camera_stalled",
        "udp://car:1: no route",
        "cable cut",
        "tracker: no",
    ):
        assert words in ill
    assert ill.endswith("saving pictures to /srv/pictures")
