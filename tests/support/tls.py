# SPDX-License-Identifier: Apache-2.0
"""
TLS of known size, for tests/kernel/programs_tls.sh. Both ends are in this process.

    tls.py openssl CERT KEY     5 writes of 1000 bytes and 5 reads of them, after a handshake
    tls.py gnutls               4 of 500 bytes, with anonymous keys
    tls.py nspr                 3 writes of 100 bytes to a layer of NSPR, as NSS has them, which the
                                other end reads as it would read any file

Prints "ready" once the library is loaded, and begins with a line on standard input.
"""
import ctypes
import socket
import sys
import threading


def begin():
    print("ready", flush=True)
    sys.stdin.readline()


def openssl(cert, key):
    import ssl

    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(cert, key)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    begin()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server)
    waiting = [client, server]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
    for _ in range(5):
        client.write(b"in the clear" + b"." * 988)
        got = b""
        while len(got) < 1000:
            got += server.read(1000)


def gnutls():
    lib = ctypes.CDLL("libgnutls.so.30")
    pair = socket.socketpair()
    begin()

    def handshake(side, fd):
        session, keys = ctypes.c_void_p(), ctypes.c_void_p()
        lib.gnutls_init(ctypes.byref(session), side)
        lib.gnutls_priority_set_direct(
            session, b"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH", None
        )
        if side == 2:
            lib.gnutls_anon_allocate_client_credentials(ctypes.byref(keys))
        else:
            lib.gnutls_anon_allocate_server_credentials(ctypes.byref(keys))
        lib.gnutls_credentials_set(session, 2, keys)
        lib.gnutls_transport_set_int2(session, fd, fd)
        if lib.gnutls_handshake(session):
            sys.exit("tls.py: no handshake")
        return session

    def serve():
        session = handshake(1, pair[1].fileno())
        data = ctypes.create_string_buffer(500)
        for _ in range(4):
            if lib.gnutls_record_recv(session, data, ctypes.c_size_t(500)) != 500:
                sys.exit("tls.py: too little came")

    server = threading.Thread(target=serve)
    server.start()
    session = handshake(2, pair[0].fileno())
    for _ in range(4):
        lib.gnutls_record_send(session, b"g" * 500, ctypes.c_size_t(500))
    server.join()


def nspr():
    lib = ctypes.CDLL("libnspr4.so")
    for name in "PR_GetDefaultIOMethods", "PR_CreateIOLayerStub":
        getattr(lib, name).restype = ctypes.c_void_p
    ends = ctypes.c_void_p(), ctypes.c_void_p()
    lib.PR_CreatePipe(ctypes.byref(ends[0]), ctypes.byref(ends[1]))
    layer = lib.PR_CreateIOLayerStub(
        lib.PR_GetUniqueIdentity(b"layer"), ctypes.c_void_p(lib.PR_GetDefaultIOMethods())
    )
    lib.PR_PushIOLayer(ends[1], -2, ctypes.c_void_p(layer))  # PR_TOP_IO_LAYER
    begin()
    data = ctypes.create_string_buffer(100)
    for _ in range(3):
        if lib.PR_Write(ends[1], b"n" * 100, 100) != 100 or lib.PR_Read(ends[0], data, 100) != 100:
            sys.exit("tls.py: a pipe of NSPR does not work")


{"openssl": openssl, "gnutls": gnutls, "nspr": nspr}[sys.argv[1]](*sys.argv[2:])
