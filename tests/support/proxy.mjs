// A network that fails on command: a TCP proxy that cuts every connection once so many bytes have passed.

import { connect, createServer } from 'node:net'

/** Forwards connections to `port` of this machine. */
export async function startProxy(port) {
  const sockets = new Set()
  let allowance = Infinity
  const state = { passed: 0, cuts: 0 }
  const cut = () => {
    state.cuts += 1
    allowance = Infinity
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        // What came is passed on; who still sends learns that nobody reads.
        to.destroySoon()
      })
      from.pipe(to)
    }
    client.on('data', (bytes) => {
      state.passed += bytes.length
      allowance -= bytes.length
      if (allowance <= 0) cut()
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    state,
    /** Cuts once, after so many more bytes from clients. */
    cutAfter: (bytes) => void (allowance = bytes),
    stop: () =>
      new Promise((done) => {
        server.close(done)
        for (const socket of sockets) socket.destroy()
      }),
  }
}
