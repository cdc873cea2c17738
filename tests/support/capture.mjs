// A phone at /capture: Chromium with a made-up camera and microphone, and the hashes of all that its recorder gave.

import assert from 'node:assert/strict'
import { launch, open, PHONE } from './browser.mjs'
import { pairingCode } from './tenants.mjs'

/** A browser that has a camera, of five pictures a second. */
export const launchWithCamera = () => launch('--use-fake-device-for-media-stream=fps=5', '--use-fake-ui-for-media-stream')

/**
 * Opens a window and pairs it, unless told not to. `recorded` gathers the SHA-256 of every piece that the recorder
 * gave, over reloads; `show(name)` waits for a screen; `tap(name)` for a button.
 */
export async function openPhone(browser, server, { url = server.url, paired = true, ...options } = {}) {
  const window = await open(browser, { url }, { viewport: PHONE, permissions: ['camera', 'microphone'], ...options })
  const { context, page } = window
  const recorded = []
  await context.exposeFunction('wasRecorded', (sha256) => void recorded.push(sha256))
  await context.addInitScript(makeCameraSmall)
  await context.addInitScript(rememberHashes)
  const phone = {
    ...window,
    recorded,
    screen: (name) => page.locator(`section[data-screen=${name}]`),
    show: (name) => phone.screen(name).waitFor(),
    tap: (name) => page.getByRole('button', { name, exact: true }).filter({ visible: true }).click(),
    /** Resolves once the recorder has given so many more pieces. */
    records: async (pieces) => {
      for (const to = recorded.length + pieces; recorded.length < to; ) await page.waitForTimeout(50)
    },
    /** No recorder of this page gives anything any more, and all that was given is in the spool of the only session. */
    settles: async () => {
      await page.evaluate(() => void (globalThis.stalled = 'all'))
      await page.evaluate(() => globalThis.noted)
      while ((await phone.sessions())[0].parts < recorded.length) await page.waitForTimeout(50)
    },
    /** What is in the spool: how many of each store. */
    spool: () => page.evaluate(countSpool),
    /** What of each session is recorded, and its bytes, and how many of those are delivered. */
    sessions: () => page.evaluate(spooledSessions),
  }
  if (!paired) return phone
  await page.goto(`/capture#pair=${pairingCode(server)}`)
  assert.equal(new URL(page.url()).hash, '', 'the code stays in no address')
  return phone
}

/** Resolves once the page has its service worker, without which it does not open offline. */
export const canOpenOffline = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true))

/** These tests share two processors with the server. */
function makeCameraSmall() {
  const devices = navigator.mediaDevices
  if (!devices) return
  const real = devices.getUserMedia.bind(devices)
  devices.getUserMedia = ({ video, audio }) => real({ video: { ...video, width: 640, height: 360 }, audio })
}

function rememberHashes() {
  const Real = globalThis.MediaRecorder
  if (!Real) return
  const note = async (piece) => {
    const digest = await crypto.subtle.digest('SHA-256', await piece.arrayBuffer())
    await globalThis.wasRecorded([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
  }
  globalThis.MediaRecorder = class extends Real {
    constructor(...given) {
      super(...given)
      this.addEventListener('dataavailable', (event) => {
        // A recorder that stalls: it runs, and nothing comes.
        if (globalThis.stalled === this || globalThis.stalled === 'all') return event.stopImmediatePropagation()
        globalThis.lastRecorder = this
        if (event.data.size > 0) globalThis.noted = Promise.all([globalThis.noted, note(event.data)])
      })
    }
  }
}

/** Chromium reads QR codes only where the system does; this one sees what `showCode` holds before it. */
export function pretendToReadCodes() {
  globalThis.BarcodeDetector = class {
    static getSupportedFormats = async () => ['qr_code']
    detect = async () => (globalThis.shownCode ? [{ rawValue: globalThis.shownCode }] : [])
  }
}
export const showCode = (page, code) => page.evaluate((shown) => void (globalThis.shownCode = shown), code)

/** Headless Chromium recognises no speech; this one hears what the test says by `hear`, and notes what it would speak. */
export function pretendToListen() {
  let listening
  class Recognition extends EventTarget {
    start() {
      listening = this
    }
    stop() {
      listening = undefined
    }
  }
  Object.assign(globalThis, { SpeechRecognition: Recognition, webkitSpeechRecognition: Recognition, spoken: [] })
  globalThis.hear = (said) => listening?.onresult({ resultIndex: 0, results: [{ isFinal: true, 0: { transcript: said } }] })
  speechSynthesis.speak = ({ text }) => void globalThis.spoken.push(text)
}

/** While `diskIsFull`, the database refuses what is added to it, as Chromium does. */
export function canBeFull() {
  const { add } = IDBObjectStore.prototype
  IDBObjectStore.prototype.add = function (...given) {
    if (!globalThis.diskIsFull) return add.apply(this, given)
    this.transaction.abort()
    throw new DOMException('no room', 'QuotaExceededError')
  }
}

/** `wakeLocks`: how many are held. */
export function countWakeLocks() {
  globalThis.wakeLocks = 0
  const request = async () => {
    globalThis.wakeLocks += 1
    const lock = { released: false, release: async () => void (lock.released ||= Boolean((globalThis.wakeLocks -= 1) + 1)) }
    return lock
  }
  Object.defineProperty(navigator, 'wakeLock', { value: { request } })
}

/** Makes the sessions in the spool look as if nobody had gone on with them for five hours. */
export async function ageSessions() {
  const asked = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  const db = await asked(indexedDB.open('trainar-capture'))
  const store = db.transaction('sessions', 'readwrite').objectStore('sessions')
  for (const session of await asked(store.getAll())) {
    session.anchor.wall -= 5 * 3_600_000
    await asked(store.put(session))
  }
  db.close()
}

/** Whom the device works for. */
export async function paired() {
  const asked = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  const db = await asked(indexedDB.open('trainar-capture'))
  const pairing = await asked(db.transaction('settings').objectStore('settings').get('pairing'))
  db.close()
  return pairing
}

async function spooledSessions() {
  const asked = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  const db = await asked(indexedDB.open('trainar-capture'))
  const sessions = await asked(db.transaction('sessions').objectStore('sessions').getAll())
  db.close()
  return sessions.map(({ parts, bytes, sent }) => ({ parts, bytes, sent }))
}

async function countSpool() {
  const asked = (request) => new Promise((done, failed) => Object.assign(request, { onsuccess: () => done(request.result), onerror: failed }))
  const db = await asked(indexedDB.open('trainar-capture'))
  const counts = {}
  for (const name of ['sessions', 'parts', 'bytes', 'events']) counts[name] = await asked(db.transaction(name).objectStore(name).count())
  db.close()
  return counts
}
