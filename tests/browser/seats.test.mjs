// Settings, Seats: adding, pairing by code and by QR code, what a device tells, revoking.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { assertAccessible, assertGood, LOOKS, open, openSignedIn, shoot, signIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { runSql } from '../support/tenants.mjs'

const jsQR = createRequire(import.meta.url)('jsqr')
const { server, admin, browser, window, page } = await dashboard()

test('a seat is added, paired by its code, used and revoked', async () => {
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.waitForURL('**/settings/seats')
  assert.equal(await rows(), 1)
  await page.getByLabel('Engineer', { exact: true }).selectOption('Ada')
  await page.getByLabel('Role', { exact: true }).selectOption('Trainee')
  await page.getByRole('button', { name: 'Add seat' }).click()
  await page.waitForFunction(() => document.querySelectorAll('tr[data-seat]').length === 2)
  assert.match(await seat().innerText(), /Ada[^]*?Trainee\s+[0-9A-F]{8}\s+Needs device\s+—/)

  const code = await newCode()
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
  const left = () => page.locator('[data-countdown]').innerText()
  const first = await left()
  assert.match(first, /^(10:00|9:[45]\d)$/)
  await page.waitForFunction((first) => document.querySelector('[data-countdown]').textContent !== first, first)
  assert.equal(await statusMeanwhile(), 'Ready to pair')

  const paired = await pair(code.toLowerCase(), 'Vuzix M400')
  assert.equal(paired.status, 201)
  await page.getByRole('heading', { name: 'Paired: Vuzix M400' }).waitFor()
  const { token } = await paired.json()
  assert.equal((await call('GET', '/api/v1/preflight', token)).status, 200)
  const sessions = [{ started_seconds_ago: 5400, parts: 130, bytes: 148_000_000 }, { started_seconds_ago: 60, parts: 1, bytes: 1_000_000 }]
  assert.equal((await call('PUT', '/api/v1/device', token, { battery_percent: 81, storage_minutes: 240, sessions })).status, 204)
  await page.getByRole('link', { name: 'Back to Seats' }).click()
  assert.match(await seat().innerText(), /Active\s+Vuzix M400 X123\s+Heard just now · battery 81% · room for 240 min · version 1\.4\s+2 sessions, 149 MB, told just now/)

  await seat().getByRole('link', { name: 'Revoke' }).click()
  assert.match(await page.locator('main').innerText(), /Revoke Vuzix M400\?[\s\S]*shut out at once[\s\S]*Still on the device: 2 sessions, 149 MB/)
  await page.getByRole('link', { name: 'Keep it' }).click()
  assert.equal((await call('GET', '/api/v1/preflight', token)).status, 200)
  await seat().getByRole('link', { name: 'Revoke' }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.waitForURL('**/settings/seats')
  for (const [method, path] of [['GET', '/api/v1/preflight'], ['POST', '/api/v1/sessions'], ['PUT', '/api/v1/device']]) {
    assert.equal((await call(method, path, token)).status, 401, `${method} ${path}`)
  }
  assert.match(await seat().innerText(), /Needs device\s+—/)
})

test('the role of a seat is changed, and its engineer as long as it has run nothing', async () => {
  await page.goto('/settings/seats')
  await seat().getByRole('link', { name: /change the seat/ }).click()
  await page.getByLabel('Role', { exact: true }).selectOption('Trainer')
  await page.getByLabel('Engineer', { exact: true }).selectOption('Grace')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL('**/settings/seats')
  assert.match(await seat().innerText(), /Grace[^]*Trainer/)
  await seat().getByRole('link', { name: /change the seat/ }).click()
  await page.getByLabel('Engineer', { exact: true }).selectOption('Ada')
  await page.getByLabel('Role', { exact: true }).selectOption('Trainee')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL('**/settings/seats')
  const first = page.locator('tr[data-seat]').first()
  const token = server.deviceToken
  assert.equal((await call('POST', '/api/v1/sessions', token)).status, 201)
  await first.getByRole('link', { name: /change the seat/ }).click()
  await page.getByLabel('Engineer', { exact: true }).selectOption('Grace')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').getByText('This seat has run sessions').waitFor()
})

test('the QR code holds the address of the capture page and the code', async () => {
  await page.goto('/settings/seats')
  const code = await newCode()
  const png = (await page.locator('.qr').screenshot()).toString('base64')
  const { data, width, height } = await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(picture.width, picture.height)
    const context = canvas.getContext('2d')
    context.drawImage(picture, 0, 0)
    const { data } = context.getImageData(0, 0, picture.width, picture.height)
    return { data: [...data], width: picture.width, height: picture.height }
  }, png)
  const read = jsQR(Uint8ClampedArray.from(data), width, height)
  assert.equal(read?.data, `${server.url}/capture#pair=${code.replace('-', '')}`)
})

test('a new code voids the old one, also where that is still shown', async () => {
  await page.goto('/settings/seats')
  const old = await newCode()
  const other = await window.context.newPage()
  await other.goto('/settings/seats')
  await other.locator('tr[data-seat]').last().getByRole('button', { name: 'Pair' }).click()
  await other.locator('[data-code]').waitFor()
  await page.getByRole('heading', { name: 'A newer code took the place of this one' }).waitFor()
  assert.equal((await pair(old, 'late')).status, 404)
  await other.close()
  await page.getByRole('button', { name: 'New Code' }).click()
  const fresh = await page.locator('[data-code]').innerText()
  assert.equal((await pair(fresh, 'Pixel 9')).status, 201)
  await page.getByRole('heading', { name: 'Paired: Pixel 9' }).waitFor()
  await page.getByRole('button', { name: 'New Code' }).click()
  await page.getByText('This seat is active already, with Pixel 9.').waitFor()
})

test('a code that nobody uses expires', async (t) => {
  await page.goto('/settings/seats')
  const seat = page.locator('tr[data-seat]').last()
  const device = await seat.locator('[data-device]').getAttribute('data-device')
  await page.goto(`/settings/devices/${device}/revoke`)
  await page.getByRole('button', { name: 'Revoke' }).click()
  const code = await newCode()
  if (!runSql(server, 'UPDATE pairing_codes SET expires_at = 1;')) return t.skip('neither sqlite3 nor python3 is here')
  await page.getByRole('heading', { name: 'The code has expired' }).waitFor()
  assert.equal((await pair(code, 'late')).status, 404)
  await page.goto('/settings/seats')
  assert.match(await seat.innerText(), /Needs device/)
})

test('everything works without JavaScript', async () => {
  const plain = await openSignedIn(browser, { ...server, ...admin }, { javaScriptEnabled: false })
  await plain.page.goto('/settings/seats')
  await plain.page.locator('tr[data-seat]').last().getByRole('button', { name: 'Pair' }).click()
  const code = await plain.page.locator('[data-code]').innerText()
  assert.match(await plain.page.locator('main').innerText(), /Good until \d\d:\d\d\n/)
  const { token } = await (await pair(code, 'Pixel 9')).json()
  await plain.page.getByRole('link', { name: 'See whether the device is paired' }).click()
  await plain.page.getByRole('heading', { name: 'Paired: Pixel 9' }).waitFor()
  await plain.page.getByRole('link', { name: 'Back to Seats' }).click()
  await plain.page.locator('tr[data-seat]').last().getByRole('link', { name: 'Revoke' }).click()
  await plain.page.getByRole('button', { name: 'Revoke' }).click()
  assert.equal((await call('GET', '/api/v1/preflight', token)).status, 401)
  await plain.close()
})

test('a member is told that this is for administrators, and does not see the entry', async () => {
  const member = await openSignedIn(browser, server)
  assert.equal(await member.page.getByRole('link', { name: 'Settings' }).count(), 0)
  for (const path of ['/settings/seats', '/settings/upload']) {
    const answer = await member.page.goto(path)
    assert.equal(answer.status(), 403)
    await member.page.getByRole('heading', { name: 'Only administrators can open this page' }).waitFor()
  }
  await member.close()
})

test('no page says anything to the console', () => assert.deepEqual(window.problems.filter((said) => !/status of 422/.test(said)), []))

for (const [look, options] of LOOKS) {
  test(`no page breaks accessibility or its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    const good = (name) => assertGood(page, `${name}-${look}`)
    await page.goto('/settings/seats')
    await good('seats')
    await page.locator('tr[data-seat]').first().getByRole('link', { name: 'Revoke' }).click()
    await good('revoke')
    await page.goto('/settings/seats')
    await page.locator('tr[data-seat]').last().getByRole('button', { name: 'Pair' }).click()
    await good('pair')
    const code = await page.locator('[data-code]').innerText()
    await pair(code, 'Vuzix M400')
    await page.getByRole('heading', { name: 'Paired' }).waitFor()
    await good('paired')
    const member = await open(browser, server, options)
    await signIn(member.page, server, '/sign-in?next=%2Fsettings%2Fseats')
    await member.page.getByRole('heading', { name: 'Only administrators' }).waitFor()
    await assertAccessible(member.page, `forbidden (${look})`)
    await shoot(member.page, `forbidden-${look}`)
    await member.close()
    await close()
  })
}

const rows = () => page.locator('tr[data-seat]').count()
const seat = () => page.locator('tr[data-seat]').last()

/** Opens a code for the last seat of the table that is shown. */
async function newCode() {
  await seat().getByRole('button', { name: 'Pair' }).click()
  return page.locator('[data-code]').innerText()
}

async function statusMeanwhile() {
  const other = await window.context.newPage()
  await other.goto('/settings/seats')
  const status = await other.locator('tr[data-seat]').last().locator('.seat-status').innerText()
  await other.close()
  return status
}

function pair(code, model) {
  const body = JSON.stringify({ code, model, serial: 'X123', software_version: '1.4' })
  return fetch(`${server.url}/api/v1/pair`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

function call(method, path, token, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) })
}
