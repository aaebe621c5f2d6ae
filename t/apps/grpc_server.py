# SPDX-License-Identifier: Apache-2.0
# gRPC servers with its health service and without:  grpc_server.py PORT TLS_PORT BARE_PORT FOLDER
# FOLDER holds cert.pem and key.pem; while now_sick lies there the server as a whole is not serving. Calls for
# the service "counted", and from how many clients they came, are written to FOLDER/counted.
import os
import sys
import time
from concurrent import futures

import grpc

port, tls_port, bare_port, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
calls, clients = 0, set()


def check(message, context):
    global calls
    assert message == b"" or (message[0] == 0x0A and message[1] == len(message) - 2), message
    service = message[2:].decode()
    if service == "sick" or (service == "" and os.path.exists(folder + "/now_sick")):
        return NOT_SERVING
    if service == "nobody":
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    if service == "silent":
        time.sleep(0.6)
    if service == "counted":
        calls += 1
        clients.add(context.peer())
        with open(folder + "/counted.new", "w") as f:
            f.write("%d %d\n" % (calls, len(clients)))
        os.rename(folder + "/counted.new", folder + "/counted")
    return SERVING


def serve(add_port, with_health=True):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    if with_health:
        method = grpc.unary_unary_rpc_method_handler(check)  # bytes in, bytes out
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method}),))
    assert add_port(server) != 0
    server.start()
    return server


def read(name):
    with open(folder + "/" + name, "rb") as f:
        return f.read()


pair = grpc.ssl_server_credentials([(read("key.pem"), read("cert.pem"))])
servers = [
    serve(lambda s: s.add_secure_port("127.0.0.1:%d" % tls_port, pair)),
    serve(lambda s: s.add_insecure_port("127.0.0.1:%d" % bare_port), with_health=False),
    serve(lambda s: s.add_insecure_port("127.0.0.1:%d" % port)),
]
for server in servers:
    server.wait_for_termination()
