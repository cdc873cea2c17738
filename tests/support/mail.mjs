// A real mail server that keeps what it is given.

import { createRequire } from 'node:module'

const { SMTPServer } = createRequire(import.meta.url)('smtp-server')

/** Starts a mail server. `next()` resolves with the next mail: to, subject, text. `refuse` makes it take none. */
export async function startMailServer() {
  const mails = []
  const waiting = []
  const state = { refuse: false, signedIn: [] }
  const server = new SMTPServer({
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    authOptional: false,
    onAuth(auth, session, done) {
      state.signedIn.push(auth.username)
      if (auth.password !== 'mail secret') return done(new Error('wrong password'))
      done(null, { user: auth.username })
    },
    onRcptTo(address, session, done) {
      done(state.refuse ? Object.assign(new Error('mailbox unavailable'), { responseCode: 550 }) : null)
    },
    onData(stream, session, done) {
      const chunks = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const mail = read(Buffer.concat(chunks).toString('utf8'))
        mail.envelope = session.envelope.rcptTo.map(({ address }) => address)
        const wanted = waiting.shift()
        if (wanted) wanted(mail)
        else mails.push(mail)
        done()
      })
    },
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const port = server.server.address().port
  return {
    port,
    state,
    mails,
    next: () => (mails.length ? Promise.resolve(mails.shift()) : new Promise((done) => waiting.push(done))),
    /** The settings under which the program sends through it. */
    variables: {
      TRAINAR_MAIL__HOST: '127.0.0.1',
      TRAINAR_MAIL__PORT: String(port),
      TRAINAR_MAIL__ENCRYPTION: 'none',
      TRAINAR_MAIL__USER: 'trainar',
      TRAINAR_MAIL__PASSWORD: 'mail secret',
      TRAINAR_MAIL__FROM: 'TrainAR <training@example.org>',
    },
    stop: () => new Promise((done) => server.close(done)),
  }
}

/** Headers and the decoded text of a mail. */
function read(source) {
  const [head, ...body] = source.split('\r\n\r\n')
  const headers = Object.fromEntries(
    head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { headers, text: decode(body.join('\r\n\r\n'), headers['content-transfer-encoding'] ?? '7bit') }
}

function decode(body, encoding) {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return body
  const joined = body.replaceAll('=\r\n', '')
  const bytes = joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
