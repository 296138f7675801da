"""A peer made of Python's ssl.MemoryBIO; test/support/scripted-peer.ts says what it is told."""

import json
import socket
import ssl
import sys


class Layer:
    def __init__(self, below, command):
        self.below = below
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        server = command["server"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        if server:
            context.load_cert_chain(command["cert"])
        else:
            context.load_verify_locations(command["ca"])
        if command.get("max") == "TLSv1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        name = None if server else command["name"]
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server, name)
        self.run(self.tls.do_handshake)

    def run(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.flush()
                # The wire is taken a byte at a time where it may hold bytes of another layer.
                self.incoming.write(self.below.read(1))
                continue
            self.flush()
            return result

    def flush(self):
        if self.outgoing.pending:
            self.below.write(self.outgoing.read())

    def read(self, limit):
        return self.run(lambda: self.tls.read(limit))

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[self.run(lambda: self.tls.write(view)) :]

    def stop(self):
        self.run(self.tls.unwrap)
        trailing = self.incoming.read()
        if trailing:
            raise AssertionError("bytes were taken from the layer below")
        return self.below


class Wire:
    def __init__(self, connection):
        self.connection = connection

    def read(self, limit):
        data = self.connection.recv(limit)
        if not data:
            raise EOFError("the transport has ended")
        return data

    def write(self, data):
        self.connection.sendall(data)


def read_exactly(layer, length):
    data = b""
    while len(data) < length:
        data += layer.read(length - len(data))
    return data


def perform(layer, command):
    action = command["do"]
    if action == "start":
        layer = Layer(layer, command)
        return layer, {"version": layer.tls.version()}
    if action == "stop":
        return layer.stop(), {"stopped": True}
    if action == "write":
        layer.write(command["text"].encode())
        return layer, {"written": True}
    return layer, {"text": read_exactly(layer, command["length"]).decode()}


def main():
    layer = Wire(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
    layer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for line in sys.stdin:
        try:
            layer, answer = perform(layer, json.loads(line))
        except (OSError, EOFError, AssertionError) as error:
            print(json.dumps({"error": repr(error)}), flush=True)
            sys.exit(1)
        print(json.dumps(answer), flush=True)


main()
