// The player with a real recording: it plays, seeks, shows words and chapters, and goes on when its addresses expire.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openSignedIn, playsOn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'

let server, browser, session

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  session = await record(server, recording())
  assert.equal((await settled(server, session)).status, 'completed')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const at = (page) => page.evaluate(() => document.querySelector('video').currentTime)
const reaches = (page, time) => page.waitForFunction((t) => Math.abs(document.querySelector('video').currentTime - t) < 0.5, time)
const key = (page, name) => page.locator('[data-player]').press(name)

async function openPlayer(options) {
  const window = await openSignedIn(browser, server, options)
  const media = []
  window.page.on('response', (answer) => answer.url().includes('/media/') && media.push({ status: answer.status(), url: answer.url() }))
  await window.page.goto(`/sessions/${session.id}`)
  await window.page.waitForFunction(() => document.querySelector('video').readyState > 0)
  return { ...window, media }
}

test('it plays, and seeks by ranges', async () => {
  const { page, media, problems, close } = await openPlayer()
  const video = await page.evaluate(() => {
    const { controls, duration, videoWidth, poster } = document.querySelector('video')
    return { controls, duration: Math.round(duration), videoWidth, poster: poster !== '' }
  })
  assert.deepEqual(video, { controls: true, duration: 122, videoWidth: 480, poster: true })
  await key(page, 'k')
  await playsOn(page, 0.5)
  await page.evaluate(() => void (document.querySelector('video').currentTime = 110))
  await playsOn(page, 0.5)
  assert.ok((await at(page)) > 110)
  assert.ok(media.some(({ status, url }) => status === 206 && url.includes('kind=mp4')), 'the picture came in ranges')
  assert.ok(media.every(({ status }) => status === 200 || status === 206), JSON.stringify(media))
  assert.deepEqual(problems, [])
  await close()
})

test('the words are its captions and the procedures its chapters', async () => {
  const { page, close } = await openPlayer()
  await page.waitForFunction(() => [...document.querySelector('video').textTracks].find((t) => t.kind === 'chapters').cues?.length > 0)
  const chapters = await page.evaluate(() => [...[...document.querySelector('video').textTracks].find((t) => t.kind === 'chapters').cues].map((cue) => cue.text))
  assert.deepEqual(chapters, await page.locator('.procedures a').allInnerTexts())
  await key(page, 'c')
  await page.waitForFunction(() => {
    const track = [...document.querySelector('video').textTracks].find((t) => t.kind === 'captions')
    return track.mode === 'showing' && track.cues?.length >= 20
  })
  const words = await page.evaluate(() => [...document.querySelector('video').textTracks].find((t) => t.kind === 'captions').cues[0].text)
  assert.match(words, /isolate the boiler/)
  await key(page, 'c')
  assert.equal(await page.evaluate(() => [...document.querySelector('video').textTracks].find((t) => t.kind === 'captions').mode), 'hidden')
  await close()
})

test('keys play, seek and fill the screen, and only on the player', async () => {
  const { page, close } = await openPlayer()
  await key(page, 'l')
  await reaches(page, 10)
  await key(page, 'ArrowRight')
  await reaches(page, 15)
  await key(page, 'j')
  await reaches(page, 5)
  await key(page, 'ArrowLeft')
  await reaches(page, 0)
  await key(page, ' ')
  await playsOn(page, 0.3)
  await key(page, 'k')
  assert.equal(await page.evaluate(() => document.querySelector('video').paused), true)
  const before = await at(page)
  await page.locator('.procedures a').first().press('l')
  assert.equal(await at(page), before)
  const isFull = () => page.waitForFunction(() => document.fullscreenElement?.matches('[data-player]'))
  const isBack = () => page.waitForFunction(() => document.fullscreenElement === null)
  await page.getByRole('button', { name: 'Fullscreen' }).click()
  await isFull()
  await key(page, 'f')
  await isBack()
  await key(page, 'f')
  await isFull()
  await close()
})

test('without scripts it plays all the same, and no button is dead', async () => {
  const { page, close } = await openPlayerWithoutScripts()
  assert.equal(await page.locator('video[controls][src]').count(), 1)
  assert.equal(await page.getByRole('button', { name: 'Fullscreen' }).isVisible(), false)
  await close()
})

async function openPlayerWithoutScripts() {
  const window = await openSignedIn(browser, server, { javaScriptEnabled: false })
  await window.page.goto(`/sessions/${session.id}`)
  return window
}

test('left open for a day it still plays: here a life is two seconds', async () => {
  await server.crash()
  await server.restart({ TRAINAR_SERVER__MEDIA_ADDRESS_SECONDS: '2', TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  const { page, problems, close } = await openPlayer()
  const video = page.locator('video')
  const [src, poster] = [await video.getAttribute('src'), await video.getAttribute('poster')]
  await page.evaluate(() => {
    const video = document.querySelector('video')
    video.currentTime = 40
    video.playbackRate = 1.5
  })
  // Life after life passes, while nobody plays.
  const addresses = new Set([src])
  while (addresses.size < 6) {
    const last = [...addresses].at(-1)
    await page.waitForFunction((old) => document.querySelector('video').getAttribute('src') !== old, last)
    addresses.add(await video.getAttribute('src'))
  }
  assert.equal((await fetch(server.url + src)).status, 403, 'the first address is dead')
  assert.equal((await fetch(server.url + poster)).status, 403)
  await page.waitForFunction(() => document.querySelector('video').readyState > 0)
  assert.equal(await page.locator('[data-player-message]').isVisible(), false)
  await key(page, 'k')
  await playsOn(page, 1)
  const now = await page.evaluate(() => [document.querySelector('video').currentTime, document.querySelector('video').playbackRate])
  assert.ok(now[0] > 40 && now[0] < 60, `it went on at ${now[0]}`)
  assert.equal(now[1], 1.5)
  // While it plays, addresses expire as well; a seek to what was not loaded needs a live one.
  await page.evaluate(() => void (document.querySelector('video').playbackRate = 1))
  await expired(page)
  await page.evaluate(() => void (document.querySelector('video').currentTime = 100))
  await playsOn(page, 1)
  assert.ok((await at(page)) > 100, 'it went on where it was sought')
  assert.equal(await page.locator('[data-player-message]').isVisible(), false)
  // What was never shown is fetched under a live address.
  await key(page, 'c')
  await page.waitForFunction(() => [...document.querySelector('video').textTracks].find((t) => t.kind === 'captions').cues?.length >= 20)
  assert.deepEqual(problems.filter((problem) => !problem.includes('403')), [])
  await close()
})

test('an outage is survived, and the place is kept through it', async () => {
  const { page, close } = await openPlayer()
  await key(page, 'k')
  await page.evaluate(() => void (document.querySelector('video').currentTime = 30))
  await playsOn(page, 0.5)
  await page.context().setOffline(true)
  await server.crash()
  await page.evaluate(() => document.querySelector('video').dispatchEvent(new Event('error')))
  await page.getByText('The video could not be loaded.').waitFor()
  await server.restart({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  await page.context().setOffline(false)
  await page.getByText('The video could not be loaded.').waitFor({ state: 'hidden' })
  await playsOn(page, 0.5)
  assert.ok((await at(page)) > 30 && (await at(page)) < 60)
  await close()
})

test('somebody who was signed out meanwhile is told so', async () => {
  const { page, context, close } = await openPlayer()
  await context.clearCookies()
  await page.evaluate(() => document.querySelector('video').dispatchEvent(new Event('error')))
  await page.getByText('You have been signed out. Reload the page to sign in.').waitFor()
  await close()
})

/** Resolves once the address that the video has is refused. */
async function expired(page) {
  const src = await page.locator('video').getAttribute('src')
  const until = Number(new URL(src, server.url).searchParams.get('expires')) / 1000
  await page.waitForFunction((t) => Date.now() > t, until)
}
