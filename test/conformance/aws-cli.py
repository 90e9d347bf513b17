"""The AWS command line, loaded once: every command is carried out by a process that is split off from this one.

Started with the path of a socket. Who connects hands over the three standard streams and the arguments as JSON, and is
answered with the exit code.
"""

import json
import os
import socket
import sys

from awscli.clidriver import create_clidriver

driver = create_clidriver()
for service in ("rds", "elasticache"):
    driver.session.get_service_model(service)
    driver.session.get_waiter_model(service)

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)


def carry_out(connection):
    message, streams, _, _ = socket.recv_fds(connection, 65536, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    try:
        code = driver.main(json.loads(message))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(str(code or 0).encode())


while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        # By a grandchild, for which nobody has to wait.
        if os.fork() == 0:
            carry_out(connection)
        os._exit(0)
    os.wait()
    connection.close()
