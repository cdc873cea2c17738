// A recording with a pause: the gap is listed, and the player passes over it, says so, and stays in step.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, openSignedIn, playsOn } from '../support/browser.mjs'
import { beat, settled, start } from '../support/recordings.mjs'
import { call, startServer } from '../support/server.mjs'

const GAP = { start: 8, end: 40 }
let server, browser, session

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  session = await start(server)
  await sendRun(1, 0, beat(8))
  await call(server, 'POST', `/api/v1/sessions/${session.id}/pause`, { at_seconds: GAP.start })
  await call(server, 'POST', `/api/v1/sessions/${session.id}/resume`, { at_seconds: GAP.end })
  await sendRun(2, GAP.end, beat(10))
  await call(server, 'POST', `/api/v1/sessions/${session.id}/stop`, { parts: 2, at_seconds: 50 })
  await settled(server, session)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

async function sendRun(number, seconds, bytes, { id } = session) {
  const about = {
    part: number,
    run: number,
    start_ms: seconds * 1000,
    duration_ms: 8000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    filetype: 'video/mp4',
  }
  const metadata = Object.entries(about).map(([key, value]) => `${key} ${btoa(String(value))}`)
  const sent = await fetch(new URL(`/api/v1/sessions/${id}/uploads`, server.url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.deviceToken}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': metadata.join(','),
      'content-type': 'application/offset+octet-stream',
    },
    body: bytes,
  })
  assert.equal(sent.status, 201, await sent.text())
}

async function openPlayer(options) {
  const window = await openSignedIn(browser, server, options)
  await window.page.goto(`/sessions/${session.id}`)
  await window.page.waitForFunction(() => document.querySelector('video').readyState > 0)
  return window
}

const at = (page) => page.evaluate(() => document.querySelector('video').currentTime)
const go = (page, time) => page.evaluate((t) => void (document.querySelector('video').currentTime = t), time)
const settle = (page) => page.waitForFunction(() => !document.querySelector('video').seeking)

test('the gap is listed with its reason, without JavaScript too', async () => {
  const { page, close } = await openSignedIn(browser, server, { javaScriptEnabled: false })
  await page.goto(`/sessions/${session.id}`)
  const card = page.locator('[data-part=recording]')
  assert.match(await card.locator('[data-gaps] summary').innerText(), /^1 gap, 32s in all/)
  assert.equal((await card.locator('[data-gaps] li').innerText()).replace(/\s+/g, ' '), '0:08 – 0:40 Paused (32s)')
  await close()
})

test('playing passes over the gap, says so, and is in step behind it', async () => {
  const { page, problems, close } = await openPlayer()
  assert.ok(Math.abs((await page.evaluate(() => document.querySelector('video').duration)) - 50) < 0.5)
  const notice = page.locator('[data-gap-notice]')
  assert.equal(await notice.getAttribute('role'), 'status')
  await go(page, 6)
  await page.evaluate(() => void document.querySelector('video').play())
  await page.waitForFunction((end) => document.querySelector('video').currentTime >= end, GAP.end)
  assert.equal(await notice.innerText(), 'Paused, 32s skipped')
  await playsOn(page, 1)
  // A flash and a beep begin together at each full second: the sound is heard while the picture is white.
  const heard = await page.evaluate(listen)
  assert.ok(heard.length >= 3, JSON.stringify(heard))
  for (const apart of heard) assert.ok(Math.abs(apart) < 0.25, JSON.stringify(heard))
  await page.waitForFunction(() => document.querySelector('[data-gap-notice]').textContent === '')
  assert.deepEqual(problems, [])
  await close()
})

/** In the page: seconds from each beep to the full second of the picture's time that is nearest. */
async function listen() {
  const video = document.querySelector('video')
  const context = new AudioContext()
  const meter = context.createAnalyser()
  meter.fftSize = 512
  context.createMediaElementSource(video).connect(meter).connect(context.destination)
  await context.resume()
  const samples = new Float32Array(512)
  const heard = []
  let loud = true
  for (const end = performance.now() + 4500; performance.now() < end; await new Promise((done) => setTimeout(done, 5))) {
    meter.getFloatTimeDomainData(samples)
    const now = samples.some((s) => Math.abs(s) > 0.1)
    if (now && !loud) heard.push(video.currentTime - Math.round(video.currentTime))
    loud = now
  }
  return heard
}

test('seeking into the gap goes to its end, and back over it with the keys', async () => {
  const { page, close } = await openPlayer()
  await go(page, 20)
  await page.waitForFunction((end) => Math.abs(document.querySelector('video').currentTime - end) < 0.3, GAP.end)
  await settle(page)
  await page.locator('[data-player]').press('ArrowLeft')
  await page.waitForFunction(() => document.querySelector('video').currentTime < 8)
  await settle(page)
  assert.ok(Math.abs((await at(page)) - 3) < 0.5, `five recorded seconds back is ${await at(page)}`)
  await page.locator('[data-player]').press('l')
  await page.waitForFunction((end) => document.querySelector('video').currentTime >= end - 0.1, GAP.end)
  await close()
})

test('it is accessible and fits every screen', async () => {
  for (const [look, options] of LOOKS) {
    const { page, close } = await openPlayer(options)
    await go(page, 20)
    await page.waitForFunction(() => document.querySelector('[data-gap-notice]').textContent !== '')
    await assertGood(page, `gaps-${look}`)
    await close()
  }
})

test('a late part changes an open page: at once where nobody watches, on request where somebody does', async () => {
  const late = await start(server)
  await sendRun(1, 0, beat(8), late)
  await sendRun(3, 24, beat(8), late)
  await call(server, 'POST', `/api/v1/sessions/${late.id}/stop`, { parts: 3, missing: [2], at_seconds: 32 })
  await settled(server, late)
  const [idle, watching] = await Promise.all([openSignedIn(browser, server), openSignedIn(browser, server)])
  for (const { page } of [idle, watching]) {
    await page.goto(`/sessions/${late.id}`)
    await page.getByText('1 gap').waitFor()
  }
  await watching.page.evaluate(() => void document.querySelector('video').play())
  await playsOn(watching.page, 0.5)
  await watching.page.evaluate(() => document.querySelector('video').pause())
  await sendRun(2, 12, beat(8), late)
  await idle.page.getByText('2 gaps').waitFor({ timeout: 60_000 })
  await watching.page.getByText('More of this recording has arrived').waitFor({ timeout: 60_000 })
  assert.ok(await watching.page.evaluate(() => document.querySelector('video').currentTime > 0), 'nothing was taken away')
  await assertGood(watching.page, 'session-more-arrived')
  await watching.page.getByRole('button', { name: 'Show it' }).click()
  await watching.page.getByText('2 gaps').waitFor()
  await Promise.all([idle.close(), watching.close()])
})
