// All data of a person as a file: asked for in the Dashboard, read in a browser without the internet. And a tenant's index page.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { assertGood, DESKTOP, launch, open, openSignedIn, PHONE, playsOn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin } from '../support/tenants.mjs'

let server, browser, admin, window, page, folder, session

before(async () => {
  server = await startServer()
  admin = createAdmin(server)
  browser = await launch()
  window = await openSignedIn(browser, server, { acceptDownloads: true })
  page = window.page
  folder = mkdtempSync(join(tmpdir(), 'trainar-data-'))
  session = await settled(server, await record(server, recording()))
  assert.equal(session.status, 'completed')
})
after(async () => {
  await browser?.close()
  await server?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

test('somebody asks for the own data, waits, and downloads it', async () => {
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByRole('link', { name: 'Your data' }).click()
  await page.getByText('There is none now').waitFor()
  await prepared(page)
  await unpack(page, 'own')
  // As a download that broke off goes on.
  const address = page.url() + '/file'
  const part = await window.context.request.get(address, { headers: { range: 'bytes=0-3' } })
  assert.equal(part.status(), 206)
  assert.equal((await part.body()).toString('latin1'), 'PK\x03\x04')
  assert.equal(part.headers()['cache-control'], 'no-store')
  await prepared(page)
})

test('an administrator gets it for a user and leaves a trace; a member does not', async () => {
  const other = await openSignedIn(browser, { ...server, ...admin }, { acceptDownloads: true })
  await other.page.goto('/settings/users')
  await other.page.getByRole('link', { name: 'Ada', exact: true }).click()
  await other.page.getByRole('link', { name: 'Data of Ada' }).click()
  await prepared(other.page)
  await unpack(other.page, 'handed')
  const address = other.page.url()
  await other.page.goto('/settings/audit')
  const log = await other.page.getByRole('main').innerText()
  assert.match(log, /Downloaded all data of a person[^]*Asked for all data of a person/)
  for (const path of [address, `${address}/file`]) {
    const refused = await window.context.request.get(path, { maxRedirects: 0 })
    assert.equal(refused.status(), 403)
  }
  await other.close()
})

test('the file tells everything without the internet and without a script', async () => {
  const offline = await open(browser, { url: 'http://127.0.0.1:1' }, { offline: true, bypassCSP: true })
  await offline.page.goto(pathToFileURL(join(folder, 'own', 'index.html')).href)
  await offline.page.getByRole('heading', { name: 'Your data' }).waitFor()
  assert.match(await offline.page.getByRole('main').innerText(), /Ada[^]*ada@example\.org[^]*Acme/)
  await offline.page.getByRole('link', { name: 'Devices', exact: true }).click()
  await offline.page.getByRole('columnheader', { name: 'Software version' }).waitFor()
  await offline.page.getByRole('link', { name: 'Your data' }).click()
  await offline.page.locator('a[href^="sessions/"]').click()
  await offline.page.getByRole('heading', { name: 'What was said' }).waitFor()
  assert.match(await offline.page.getByRole('main').innerText(), /isolate the boiler from the power supply/)
  await offline.page.evaluate(() => document.querySelector('video').play())
  await playsOn(offline.page)
  assert.ok((await offline.page.locator('.clips video').count()) >= 1, 'clips')
  const page = readFileSync(new URL(offline.page.url()), 'utf8')
  assert.ok(!/<script|https?:/.test(page), 'nothing is fetched from elsewhere')
  // Captions beside a page that is a file itself: a browser does not let it read them.
  assert.deepEqual(offline.problems.filter((said) => !/captions\.vtt|text track/i.test(said)), [])
  await offline.close()
})

for (const [colorScheme, size, viewport] of [['light', 'phone', PHONE], ['dark', 'desktop', DESKTOP]]) {
  test(`the pages break neither accessibility nor their frame: ${colorScheme}, ${size}`, async () => {
    const look = await openSignedIn(browser, server, { viewport, colorScheme, bypassCSP: true })
    await look.page.goto('/account/data')
    await assertGood(look.page, `your-data-${colorScheme}-${size}`)
    const sessions = readdirSync(join(folder, 'own', 'sessions'))
    for (const [name, file] of [
      ['index', ['index.html']],
      ['table', ['tables', 'audit_entries.html']],
      ['session', ['sessions', sessions[0], 'index.html']],
      ['tenant', ['..', tenant(), 'index.html']],
    ]) {
      await look.page.goto(pathToFileURL(join(folder, 'own', ...file)).href)
      await assertGood(look.page, `export-${name}-${colorScheme}-${size}`)
    }
    await look.close()
  })
}

/** Asks for the file and looks until it is ready. */
async function prepared(page) {
  await page.getByRole('button', { name: /^Prepare/ }).click()
  const ready = page.getByText('It is ready')
  for (let tries = 0; tries < 300 && !(await ready.isVisible()); tries++) {
    await page.waitForTimeout(100)
    await page.reload()
  }
  assert.match(await page.getByRole('status').innerText(), /It is ready: .*MB.* stays here until .* is then erased/)
}

/** Downloads the file, has another program unpack it, and returns nothing. */
async function unpack(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()])
  const zip = join(folder, `${name}.zip`)
  await download.saveAs(zip)
  execFileSync('python3', ['-m', 'zipfile', '-e', zip, join(folder, name)])
}

/** The folder of the tenant's export, unpacked. */
function tenant() {
  const zip = join(folder, 'tenant.zip')
  if (!readdirSync(folder).includes('tenant')) {
    server.trainar(['export', 'tenant', '--tenant', 'Acme', '--to', zip])
    execFileSync('python3', ['-m', 'zipfile', '-e', zip, join(folder, 'tenant')])
  }
  return 'tenant'
}
