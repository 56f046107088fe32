"""A relay between a client and a broker that can stop forwarding without closing connections."""

import socket
import threading
from select import select


class Relay:
    """Forwards bytes between clients and the broker; frozen connections stay open and forward
    nothing."""

    def __init__(self, port: int) -> None:
        self.broker, self.pairs, self.ended = (
            port,
            list[tuple[socket.socket, socket.socket]](),
            False,
        )
        self.frozen: set[socket.socket] = set()
        self.entrance = socket.create_server(("127.0.0.1", 0))
        self.port = self.entrance.getsockname()[1]
        self.thread = threading.Thread(target=self.run)

    def freeze(self) -> None:
        self.frozen |= {side for pair in self.pairs for side in pair}

    def run(self) -> None:
        while not self.ended:
            open_ = [side for pair in self.pairs for side in pair if side not in self.frozen]
            for ready in select([self.entrance, *open_], [], [], 0.02)[0]:
                if ready is self.entrance:
                    inner = socket.create_connection(("127.0.0.1", self.broker))
                    self.pairs.append((self.entrance.accept()[0], inner))
                    continue
                other = next(a if b is ready else b for a, b in self.pairs if ready in (a, b))
                data = ready.recv(65536)
                if data:
                    other.sendall(data)
                else:
                    self.frozen |= {ready, other}
                    other.shutdown(socket.SHUT_WR)

    def __enter__(self) -> "Relay":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        self.thread.join()
        for side in (self.entrance, *(side for pair in self.pairs for side in pair)):
            side.close()
