// What the tests of most pages stand on: a server, and a window in which an administrator is signed in.

import { after } from 'node:test'
import { launch, openSignedIn } from './browser.mjs'
import { startServer } from './server.mjs'
import { createAdmin } from './tenants.mjs'

/** Starts them for all tests of a file, and ends them after the last. `settings` are the server's. */
export async function dashboard(settings = {}) {
  const ends = []
  after(async () => {
    for (const end of ends.reverse()) await end()
  })
  const server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000', ...settings })
  ends.push(() => server.stop())
  const admin = createAdmin(server)
  const browser = await launch()
  ends.push(() => browser.close())
  const window = await openSignedIn(browser, { ...server, ...admin })
  return { server, admin, browser, window, page: window.page }
}
