// Capture in a browser, with Chromium's made-up camera: what its recorder gave is what the server has, whatever the network,
// the recorder and the person do.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertAccessible, launch, openSignedIn, playsOn, shoot } from '../support/browser.mjs'
import { ageSessions, canBeFull, canOpenOffline, countWakeLocks, launchWithCamera, openPhone, paired, pretendToListen, pretendToReadCodes, showCode } from '../support/capture.mjs'
import { startProxy } from '../support/proxy.mjs'
import { call, startServer } from '../support/server.mjs'
import { pairingCode, revokeAll, secondTenant } from '../support/tenants.mjs'

const NOTHING = { sessions: 0, parts: 0, bytes: 0, events: 0 }
const SIZES = { phone: { width: 390, height: 844 }, glasses: { width: 640, height: 360 }, desktop: { width: 1440, height: 900 } }

let server, browser

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launchWithCamera()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Notes which sessions the phone speaks of; gives the only one, and its parts in order. */
function follow(phone) {
  const started = new Set()
  phone.context.on('request', (request) => {
    const id = /\/api\/v1\/sessions\/([0-9a-f-]{36})\//.exec(request.url())?.[1]
    if (id) started.add(id)
  })
  return async () => {
    assert.equal(started.size, 1, 'one session')
    const [id] = started
    const { parts } = await call(server, 'GET', `/api/v1/sessions/${id}/parts`)
    return { id, parts: parts.sort((a, b) => a.part - b.part) }
  }
}

describe('recording', { concurrency: 5 }, () => {
  test('half a minute with a cut connection, a dead network and a reload is one playable session with every byte', async () => {
    const proxy = await startProxy(server.port)
    const phone = await openPhone(browser, server, { url: proxy.url })
    const session = follow(phone)
    try {
      await phone.show('ready')
      await canOpenOffline(phone.page)
      await phone.tap('Start training session')
      await phone.records(3)
      proxy.cutAfter(20_000)
      await phone.records(3)
      assert.equal(proxy.state.cuts, 1)

      await phone.context.setOffline(true)
      await phone.records(4)
      await phone.page.getByText('Saved on this device, no network').filter({ visible: true }).waitFor()
      await phone.page.reload()
      await phone.show('recording')
      await phone.records(3)
      await phone.context.setOffline(false)
      await phone.records(3)
      await phone.tap('Stop training session')
      await phone.page.getByText('nothing is left on this device').waitFor()

      const { id, parts } = await session()
      assert.deepEqual(parts.map(({ sha256 }) => sha256), phone.recorded)
      assert.deepEqual([...new Set(parts.map(({ run }) => run))], [1, 2], 'the reload began another run')
      assert.ok(parts.every(({ state }) => state === 'complete'))
      assert.deepEqual(await phone.spool(), NOTHING)
      const { start_ms, duration_ms } = parts.at(-1)
      assert.ok(start_ms + duration_ms >= 30_000)
      await playable(id, (start_ms + duration_ms) / 1000)
    } finally {
      await phone.close()
      await proxy.stop()
    }
  })

  test('a session without any network is delivered when there is one', async () => {
    const phone = await openPhone(browser, server)
    const session = follow(phone)
    await phone.show('ready')
    await canOpenOffline(phone.page)
    await phone.context.setOffline(true)
    await phone.page.reload()
    await phone.show('ready')
    await phone.page.getByText('none: sessions are saved on this device').waitFor()
    await phone.tap('Start training session')
    await phone.records(2)
    await phone.tap('Stop training session')
    await phone.page.getByRole('heading', { name: 'Saved on this device' }).waitFor()
    const { parts: kept } = await phone.spool()
    assert.ok(kept >= 2)

    // First a captive portal, which answers everything; then a network that loses the answer to a part that has arrived.
    let [portal, lost] = [0, 0]
    const portalOf = (route) => route.fulfill({ status: 200, contentType: 'text/html', body: `<h1>Welcome ${portal++}</h1>` })
    const losing = async (route) => {
      if (lost++ > 0) return route.continue()
      await route.fetch()
      return route.abort()
    }
    await phone.context.route('**/api/**', portalOf)
    await phone.context.setOffline(false)
    while (portal < 2) await phone.page.waitForTimeout(50)
    assert.equal((await phone.spool()).parts, kept, 'a portal takes nothing')
    await phone.context.route('**/uploads', losing)
    await phone.context.unroute('**/api/**', portalOf)
    await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
    assert.ok(lost > 1, 'the part was asked for again')
    const { parts } = await session()
    assert.deepEqual(parts.map(({ sha256 }) => sha256), phone.recorded)
    assert.deepEqual(await phone.spool(), NOTHING)
    await phone.close()
  })

  test('what was recorded for one seat goes to no other', async () => {
    const phone = await openPhone(browser, server)
    const session = follow(phone)
    await phone.show('ready')
    const noWay = (route) => route.abort()
    await phone.context.route('**/api/v1/sessions**', noWay)
    await phone.tap('Start training session')
    await phone.records(2)
    await phone.tap('Stop training session')
    await phone.page.getByRole('heading', { name: 'Saved on this device' }).waitFor()
    const { user_name, seat_id } = await phone.page.evaluate(paired)

    secondTenant(server)
    const pairWith = async (tenant) => {
      await phone.page.evaluate((code) => void (location.hash = `pair=${code}`), pairingCode(server, tenant))
      await phone.tap('Pair again')
    }
    await pairWith('Rival')
    await phone.page.getByText(`1 session recorded for ${user_name} at Acme is kept here`).filter({ visible: true }).waitFor()
    assert.notEqual((await phone.page.evaluate(paired)).seat_id, seat_id)
    await phone.context.unroute('**/api/v1/sessions**', noWay)
    await shoot(phone.page, 'capture-another-seat-phone')
    await phone.page.reload()
    await phone.show('ready')
    await phone.page.getByText(`1 session recorded for ${user_name} at Acme is kept here`).filter({ visible: true }).waitFor()
    const { sessions, parts: kept } = await phone.spool()
    assert.equal(sessions, 1)
    assert.equal(kept, phone.recorded.length, 'nothing was sent')

    await pairWith('Acme')
    await phone.page.getByText('Nothing waits on this device').filter({ visible: true }).waitFor()
    const { parts } = await session()
    assert.deepEqual(parts.map(({ sha256 }) => sha256), phone.recorded)
    assert.deepEqual(await phone.spool(), NOTHING)
    await phone.close()
  })

  test('commands by voice do what the buttons do; a deletion has to be said twice; the screen stays on meanwhile', async () => {
    const phone = await openPhone(browser, server, { paired: false })
    await phone.context.addInitScript(pretendToListen)
    await phone.context.addInitScript(countWakeLocks)
    await phone.page.goto(`/capture#pair=${pairingCode(server)}`)
    const session = follow(phone)
    const hear = (said) => phone.page.evaluate((said) => globalThis.hear(said), said)
    const awake = () => phone.page.evaluate(() => globalThis.wakeLocks)
    await phone.show('ready')
    await phone.page.getByRole('checkbox', { name: 'Voice commands' }).check()
    await hear('they start training on Monday')
    await hear('please start training session')
    await phone.show('recording')
    assert.equal(await awake(), 1)
    await phone.records(1)
    await hear('Pause training session.')
    await phone.page.getByText('Paused', { exact: true }).waitFor()
    await hear('resume training session')
    await phone.records(1)
    await hear('delete the last minute')
    await phone.page.getByText('Tap again to delete').waitFor()
    assert.ok((await phone.page.evaluate(() => globalThis.spoken)).includes('Say it again to delete'))
    await hear('delete the last minute')
    await phone.page.getByText('Delete last minute').waitFor()
    await phone.records(1)
    await hear('stop training session')
    await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
    assert.equal(await awake(), 0)
    const { parts } = await session()
    const states = parts.map(({ state }) => state)
    assert.ok(states.includes('deleted') && states.at(-1) === 'complete', states.join())
    await phone.close()
  })

  test('what does not fit on a full disk is held in memory, and stored when there is room', async () => {
    const phone = await openPhone(browser, server, { paired: false })
    await phone.context.addInitScript(canBeFull)
    await phone.page.goto(`/capture#pair=${pairingCode(server)}`)
    const session = follow(phone)
    const full = (is) => phone.page.evaluate((is) => void (globalThis.diskIsFull = is), is)
    const said = phone.page.getByText('Storage is full').filter({ visible: true })
    await phone.show('ready')
    await phone.context.setOffline(true)
    await phone.tap('Start training session')
    await phone.records(1)
    await full(true)
    await phone.records(2)
    await said.waitFor()
    assert.ok((await phone.spool()).parts < phone.recorded.length)
    await full(false)
    await said.waitFor({ state: 'hidden' })
    await phone.context.setOffline(false)
    await phone.tap('Stop training session')
    await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
    const { parts } = await session()
    assert.deepEqual(parts.map(({ sha256 }) => sha256), phone.recorded)
    await phone.close()
  })

  test('a reload takes one tap where the camera has to be asked for, and hours later it is the end of the session', async () => {
    const phone = await openPhone(browser, server)
    const session = follow(phone)
    const stops = []
    phone.context.on('request', (request) => request.url().endsWith('/stop') && stops.push(request.postDataJSON()))
    await phone.show('ready')
    await phone.tap('Start training session')
    await phone.records(1)
    await phone.context.addInitScript(() => void (Permissions.prototype.query = async () => ({ state: 'prompt' })))
    await phone.page.reload()
    await phone.tap('Go on recording')
    await phone.records(1)
    // A part that came later would make the session young again: it grows old where nothing records.
    await phone.settles()
    await phone.page.goto('/login')
    await phone.page.evaluate(ageSessions)
    await phone.page.goto('/capture')
    await phone.page.getByText('Nothing waits on this device').filter({ visible: true }).waitFor()
    const { parts } = await session()
    assert.deepEqual(parts.map(({ sha256 }) => sha256), phone.recorded)
    assert.deepEqual(stops.map(({ abnormal, missing }) => ({ abnormal, missing })), [{ abnormal: true, missing: [] }])
    assert.deepEqual(await phone.spool(), NOTHING)
    await phone.close()
  })

  test('only one tab records, and the next takes over', async () => {
    const phone = await openPhone(browser, server)
    await phone.show('ready')
    const other = await phone.context.newPage()
    await other.goto('/capture')
    await other.getByRole('heading', { name: 'Open in another tab' }).waitFor()
    await phone.page.close()
    await other.locator('section[data-screen=ready]').waitFor()
    await phone.close()
  })

  test('a pause, a deleted minute and a stalled recorder are runs of one session', async () => {
    const phone = await openPhone(browser, server)
    const session = follow(phone)
    await phone.show('ready')
    await phone.tap('Start training session')
    await phone.records(1)
    await phone.tap('Pause')
    await phone.tap('Resume')
    await phone.records(1)
    // Both taps in one breath: on a busy machine seconds may pass between two commands of a test.
    await phone.page.getByRole('button', { name: 'Delete last minute' }).evaluate((button) => {
      button.click()
      button.click()
    })
    await phone.records(2)
    await phone.page.evaluate(() => void (globalThis.stalled = globalThis.lastRecorder))
    // Nothing more comes from that one.
    await phone.records(1)
    await phone.tap('Stop training session')
    await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()

    const { parts } = await session()
    const rest = parts.filter(({ state }) => state !== 'deleted')
    const deleted = phone.recorded.length - rest.length
    assert.ok(deleted >= 2 && parts.every(({ part, state }) => (state === 'deleted') === part <= deleted), `${deleted} are deleted`)
    assert.deepEqual(rest.map(({ sha256 }) => sha256), phone.recorded.slice(deleted))
    assert.deepEqual([...new Set(rest.map(({ run }) => run))], [3, 4])
    assert.deepEqual(await phone.spool(), NOTHING)
    assert.deepEqual(phone.problems, [], 'no error, and nothing that the Content-Security-Policy refuses')
    await phone.close()
  })

  test('a part that is deleted while it is sent counts once', async () => {
    const phone = await openPhone(browser, server)
    const session = follow(phone)
    await phone.show('ready')
    let [asked, letGo] = [0]
    const deleted = new Promise((go) => void (letGo = go))
    const nothingYet = new Promise(() => {})
    await phone.context.route('**/uploads', async (route) => {
      // The first part arrives, and its answer once it is deleted; the next stays on the device.
      if (asked++ > 0) return nothingYet
      const response = await route.fetch()
      await deleted
      return route.fulfill({ response })
    })
    await phone.tap('Start training session')
    await phone.records(1)
    while (asked < 1) await phone.page.waitForTimeout(50)
    await phone.page.getByRole('button', { name: 'Delete last minute' }).evaluate((button) => {
      button.click()
      button.click()
    })
    while ((await phone.spool()).events < 1) await phone.page.waitForTimeout(50)
    letGo()
    await phone.records(1)
    while (asked < 2) await phone.page.waitForTimeout(50)
    const [{ bytes, sent }] = await phone.sessions()
    assert.ok(bytes > 0)
    assert.equal(sent, 0, 'what was deleted is not delivered')

    await phone.settles()
    await phone.context.unrouteAll({ behavior: 'ignoreErrors' })
    await phone.page.reload()
    await phone.tap('Stop training session')
    await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
    const rest = (await session()).parts.filter(({ state }) => state !== 'deleted')
    assert.ok(rest.length > 0)
    assert.deepEqual(rest.map(({ sha256 }) => sha256), phone.recorded.slice(-rest.length))
    assert.deepEqual(await phone.spool(), NOTHING)
    await phone.close()
  })
})

test('without permission it says how to give it', async () => {
  const strict = await launch('--use-fake-device-for-media-stream', '--deny-permission-prompts')
  const phone = await openPhone(strict, server, { permissions: [] })
  await phone.show('ready')
  await phone.tap('Start training session')
  await phone.page.getByRole('heading', { name: 'Camera and microphone are not allowed' }).waitFor()
  assert.deepEqual(await phone.spool(), NOTHING)
  await strict.close()
})

for (const colorScheme of ['light', 'dark']) {
  test(`every screen can be read and used, at every size: ${colorScheme}`, async () => {
    const phone = await openPhone(browser, server, { colorScheme, bypassCSP: true, reducedMotion: 'reduce', paired: false })
    const { page, context } = phone
    await context.addInitScript(pretendToReadCodes)
    const look = async (name) => {
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport)
        await shoot(page, `capture-${name}-${size}-${colorScheme}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth)
        assert.ok(overflow <= 0, `${name} (${size}) is ${overflow} px too wide`)
        await assertAccessible(page, `${name} (${size}, ${colorScheme})`)
      }
      const small = await page.getByRole('button').evaluateAll((all) => all.map((b) => b.getBoundingClientRect()).filter((r) => r.height > 0 && r.height < 44).length)
      assert.equal(small, 0, `${name}: no button is too small for a glove`)
    }
    await page.goto('/capture')
    await phone.show('pairing')
    await page.getByRole('textbox', { name: 'Code' }).fill('K7QM-2XPD')
    await phone.tap('Pair')
    await page.getByText('This code is unknown, used or too old').waitFor()
    await look('pairing')
    await phone.tap('Scan the QR code')
    await showCode(page, 'https://elsewhere.example/capture#pair=K7QM2XPD')
    await page.getByText('another server: elsewhere.example').waitFor()
    await look('scanning')
    await showCode(page, `${server.url}/capture#pair=${pairingCode(server)}`)
    await phone.show('ready')
    await page.getByText('clear', { exact: true }).waitFor()
    await look('ready')
    await phone.tap('Start training session')
    await phone.show('recording')
    await look('recording')
    await phone.tap('Pause')
    await page.getByText('Paused', { exact: true }).waitFor()
    await look('paused')
    await context.setOffline(true)
    await phone.tap('Stop training session')
    await page.getByRole('heading', { name: 'Saved on this device' }).waitFor()
    await look('saved')
    revokeAll(server)
    await context.setOffline(false)
    await page.getByRole('heading', { name: 'This device was shut out' }).waitFor()
    await look('revoked')
    // Whoever is let in again goes on.
    await page.getByRole('textbox', { name: 'Code' }).fill(pairingCode(server).toLowerCase())
    await phone.tap('Pair')
    await page.getByRole('heading', { name: 'Delivered' }).waitFor()
    assert.deepEqual(await phone.spool(), NOTHING)
    await phone.close()
  })
}

/** The session's page in the Dashboard plays the recording, which is so many seconds long. */
async function playable(id, seconds) {
  const { page, close } = await openSignedIn(browser, server)
  await page.goto(`/sessions/${id}`)
  await page.locator('video').waitFor({ timeout: 60_000 })
  await page.evaluate(() => void document.querySelector('video').play())
  await playsOn(page, 0.5)
  const long = await page.evaluate(() => document.querySelector('video').duration)
  assert.ok(Math.abs(long - seconds) < 1.5, `${long} of ${seconds} s`)
  await close()
}
