// The provider process of a test, and its settings.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./openid-provider.mjs', import.meta.url))

/** The settings of a server that signs people in by the provider at a port. */
export const providerSettings = (port) => ({
  TRAINAR_OPENID__ISSUER: `http://127.0.0.1:${port}`,
  TRAINAR_OPENID__CLIENT_ID: 'trainar',
  TRAINAR_OPENID__CLIENT_SECRET: 'a secret of both',
  TRAINAR_OPENID__BUTTON: 'Sign in with Acme ID',
})

/** Starts a provider that sends people back to `redirect`. */
export async function startProvider(port, redirect) {
  const child = spawn(process.execPath, [PROGRAM, String(port), redirect], { stdio: ['ignore', 'pipe', 'pipe'] })
  const orphaned = () => child.kill('SIGKILL')
  process.once('exit', orphaned)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  await new Promise((done, failed) => {
    const ended = (code) => failed(new Error(`the provider ended with ${code}\n${said}`))
    child.once('exit', ended)
    child.stdout.once('data', () => {
      child.off('exit', ended)
      done()
    })
  })
  const put = (path, body) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'PUT', body: JSON.stringify(body) })
  return {
    /** Who can sign in there: claims by account. */
    accounts: (all) => put('/accounts', all),
    /** How it behaves from now on; `{}` is well. */
    mood: (how) => put('/mood', how),
    said: () => said,
    stop: () => {
      const ended = new Promise((done) => child.once('exit', done))
      process.off('exit', orphaned)
      child.kill('SIGKILL')
      return ended
    },
  }
}
