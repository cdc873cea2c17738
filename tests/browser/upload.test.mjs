// Settings, Upload a file: a finished file becomes a session, over a broken network and a reload.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assertGood, launch, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { startProxy } from '../support/proxy.mjs'
import { recording } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin, runSql } from '../support/tenants.mjs'

const MB = 1_000_000
const BYTES = 48 * MB
let server, admin, browser, folder, file, bytes

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000', TRAINAR_LIMITS__UPLOAD_GIGABYTES: '0.06' })
  admin = createAdmin(server)
  browser = await launch()
  folder = mkdtempSync(join(tmpdir(), 'trainar-files-'))
  bytes = padded(recording(4), BYTES)
  file = write('GX010042.MP4', bytes)
})
after(async () => {
  await browser?.close()
  await server?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

test('a file over a broken network and a reload ends as one session', async () => {
  const proxy = await startProxy(server.port)
  const window = await open(browser, { url: proxy.url })
  try {
    const { page } = window
    await signIn(page, admin)
    await page.goto('/settings/upload')
    await slowly(page, 8 * MB)
    await page.getByLabel('File').setInputFiles(file)
    await page.waitForFunction(() => /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(document.querySelector('#upload-time').value)) // that of the file
    await page.getByLabel('Recorded at').fill('2026-01-05T14:30')
    proxy.cutAfter(14 * MB)
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    while (proxy.state.cuts === 0) await pause(20)
    await sent(page, 20)
    await page.reload()
    await slowly(page, -1)

    const begun = page.locator('[data-unfinished] li')
    assert.equal(await begun.count(), 1)
    assert.match(await begun.innerText(), /Session 5 Jan 2026, 14:30 · Ada · [0-9A-F]{8}\s+GX010042\.MP4 · \d+ MB of 48 MB[\s\S]*choose the same file to go on/)
    await page.getByLabel('File').setInputFiles(file)
    await says(page, 'This file was begun before: Session 5 Jan 2026, 14:30. Go on where it was?')
    await page.getByRole('button', { name: 'Go on' }).click()
    await says(page, 'Everything has arrived.')
    assert.ok(proxy.state.passed < BYTES + 26 * MB, `${proxy.state.passed} bytes passed: it began anew`)
    await page.getByText('Every recording that has begun to arrive is here whole.').waitFor()
    await page.getByRole('link', { name: 'Look at the session' }).click()
    await page.getByRole('heading', { name: 'Session 5 Jan 2026, 14:30' }).waitFor()
    await page.locator('video').waitFor()
    await page.goto('/sessions')
    assert.equal(await page.locator('tr[data-session]').count(), 1)
    assert.equal(sha256(stored()), sha256(bytes), 'byte for byte')
    // What the cut itself says to the console is meant to be.
    assert.deepEqual(window.problems.filter((said) => !/ERR_|409|Failed to load resource/.test(said)), [])
  } finally {
    await window.close()
    await proxy.stop()
  }
})

test('it can be paused, and goes on as the same file', async () => {
  const { page, problems, close } = await openSignedIn(browser, { ...server, ...admin })
  await page.goto('/settings/upload')
  await slowly(page, 8 * MB)
  await drop(page, 'camera.mp4', 12 * MB)
  await page.getByLabel('Recorded at').fill('2026-01-06T09:00')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await sent(page, 2)
  await page.getByRole('button', { name: 'Pause' }).click()
  await says(page, 'Paused. What was sent is kept.')
  await slowly(page, -1)
  await page.getByRole('button', { name: 'Go on' }).click()
  await says(page, 'Everything has arrived.')
  await page.getByRole('button', { name: 'Another file' }).click()
  assert.equal(await page.getByLabel('File').isVisible(), true)
  // The server may still be keeping what came before the pause; then it says where to go on.
  assert.deepEqual(problems.filter((said) => !/status of 409/.test(said)), [])
  await close()
})

test('a ticket that is not taken any more is renewed without a word', async () => {
  const { page, close } = await openSignedIn(browser, { ...server, ...admin })
  await page.goto('/settings/upload')
  let spoiled = 0
  await page.route('**/settings/upload', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    const answer = await route.fetch()
    spoiled += 1
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ticket: 'tut_worthless' } })
  })
  await page.getByLabel('File').setInputFiles(write('short.mp4', recording(2)))
  await page.getByLabel('Recorded at').fill('2026-01-07T09:00')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await says(page, 'Everything has arrived.')
  assert.equal(spoiled, 1)
  await close()
})

test('what cannot be taken is refused before it is sent', async () => {
  const { page, problems, close } = await openSignedIn(browser, { ...server, ...admin })
  await page.goto('/settings/upload')
  const refused = async (name, content, why) => {
    await page.getByLabel('File').setInputFiles(write(name, content))
    await page.getByRole('alert').filter({ hasText: why }).waitFor()
    assert.equal(await page.getByLabel('File').inputValue(), '')
  }
  await refused('report.mp4', Buffer.from('%PDF-1.7 '.repeat(100)), 'This is no video that can be taken.')
  await refused('empty.mp4', Buffer.alloc(0), 'This file is empty.')
  await refused('long.mp4', padded(Buffer.from(bytes.subarray(0, 100_000)), 61 * MB), 'too large: at most 60 MB')
  await page.getByLabel('File').setInputFiles(write('future.mp4', recording(2)))
  await page.getByLabel('Recorded at').evaluate((field) => field.removeAttribute('max'))
  await page.getByLabel('Recorded at').fill('2099-01-01T00:00')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('alert').filter({ hasText: 'This time is still to come; check date and time.' }).waitFor()
  assert.deepEqual(problems.filter((said) => !/status of 422/.test(said)), [])
  await close()
})

test('the tenant says how long an unfinished upload is kept, and what was given up is reported', async (t) => {
  const { page, close } = await openSignedIn(browser, { ...server, ...admin })
  await page.goto('/settings/upload')
  await page.getByLabel('Hours').fill('36')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL('**/settings/upload')
  assert.equal(await page.getByLabel('Hours').inputValue(), '36')
  server.trainar(['tenant', 'set', '--tenant', 'Acme', '--upload-keep-hours', '12'])
  await page.reload()
  assert.equal(await page.getByLabel('Hours').inputValue(), '12')

  await slowly(page, 4 * MB)
  const left = write('left.mp4', padded(recording(2), 20 * MB))
  await page.getByLabel('File').setInputFiles(left)
  await page.getByLabel('Recorded at').fill('2026-01-08T09:00')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await sent(page, 9)
  await page.goto('/sessions')
  if (!runSql(server, "UPDATE uploads SET expires_at = 1 WHERE state = 'open';")) return t.skip('neither sqlite3 nor python3 is here')
  await page.goto('/settings/upload')
  assert.match(await page.locator('[data-unfinished] li').innerText(), /given up .*; what arrived is kept, choose the same file to go on/)
  await slowly(page, -1)
  await page.getByLabel('File').setInputFiles(left)
  await page.getByRole('button', { name: 'Go on' }).click()
  await says(page, 'Everything has arrived.')
  await close()
})

for (const [look, options] of LOOKS) {
  test(`no state breaks accessibility or its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    const good = (name) => assertGood(page, `${name}-${look}`)
    await page.goto('/settings/upload')
    await good('upload')
    await page.getByLabel('File').setInputFiles(write('note.txt', Buffer.from('no video')))
    await page.getByRole('alert').filter({ hasText: 'no video' }).waitFor()
    await good('upload-refused')
    await slowly(page, 3 * MB)
    await page.getByLabel('File').setInputFiles(write(`${look}.mp4`, bytes))
    await page.getByLabel('Recorded at').fill('2026-01-09T09:00')
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await sent(page, 1)
    await page.getByRole('button', { name: 'Pause' }).click()
    await says(page, 'Paused.')
    await good('upload-paused')
    await page.reload()
    await good('upload-unfinished')
    await close()
  })
}

/** Resolves once the page says how the upload is. */
const says = (page, text) => page.locator('[data-run-text]').filter({ hasText: text }).waitFor()

/** Resolves once so many MB stand on the page as sent. */
function sent(page, megabytes) {
  const enough = (least) => Number(/^(\d+) MB of/.exec(document.querySelector('[data-run-text]').textContent)?.[1] ?? 0) >= least
  return page.waitForFunction(enough, megabytes)
}

/** Lets the page send so many bytes a second; -1 takes the limit off. */
async function slowly(page, bytesPerSecond) {
  const devtools = await page.context().newCDPSession(page)
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond }
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', conditions)
}

/** Drops a file that begins as a video does. */
async function drop(page, name, length) {
  const data = await page.evaluateHandle(([name, length]) => {
    const content = new Uint8Array(length)
    content.set([0, 0, 0, 20, ...new TextEncoder().encode('ftypisom')])
    const transfer = new DataTransfer()
    transfer.items.add(new File([content], name, { type: 'video/mp4' }))
    return transfer
  }, [name, length])
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('[data-drop]', type, { dataTransfer: data })
}

/** An MP4 with a box behind it that every reader skips, so that it has this length. */
function padded(video, length) {
  const box = Buffer.alloc(8)
  box.writeUInt32BE(length - video.length)
  box.write('free', 4)
  return Buffer.concat([video, box, randomBytes(length - video.length - 8)])
}

function write(name, content) {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The recording of the first session as the server keeps it. */
function stored() {
  const all = readdirSync(join(server.dataDir, 'objects'), { recursive: true }).filter((name) => /\/source-[^/]*$/.test(name))
  return readFileSync(join(server.dataDir, 'objects', all.sort()[0]))
}

const sha256 = (content) => createHash('sha256').update(content).digest('hex')
