/** Opens two TUN devices and runs the command of its arguments with their descriptors appended. */
export const WITH_TUNS = `
import fcntl, os, struct, sys
def tun(name):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    # TUNSETIFF with IFF_TUN | IFF_NO_PI
    fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name, 0x1001))
    os.set_inheritable(fd, True)
    return str(fd)
files = [tun(b'tunA'), tun(b'tunB')]
os.execvp(sys.argv[1], sys.argv[1:] + files)
`

/** Listens, and counts the bytes of one connection for some seconds from its start on. */
export const SINK = `
import socket, sys, time
s = socket.socket()
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(1)
print('listening', flush=True)
c, _ = s.accept()
end = time.monotonic() + float(sys.argv[3])
buffer = bytearray(1 << 20)
total = 0
while (left := end - time.monotonic()) > 0:
    c.settimeout(left)
    try:
        n = c.recv_into(buffer)
    except TimeoutError:
        break
    if n == 0:
        break
    total += n
print(total, flush=True)
`

/** Connects with a congestion control, and sends for as long as it is allowed to. */
export const SOURCE = `
import socket, sys
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sys.argv[3].encode())
s.connect((sys.argv[1], int(sys.argv[2])))
data = bytes(1 << 16)
try:
    while True:
        s.sendall(data)
except OSError:
    pass
`
