// Settings, API keys: making, trying, revoking. And the page that describes the API.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { assertGood, LOOKS, open, openSignedIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'

const { server, admin, browser, window, page } = await dashboard()

test('a key is made, shown once, works as the page says, and is revoked', async () => {
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  await page.getByLabel('What it is for').fill('Monthly report')
  await page.getByRole('button', { name: 'Make key' }).click()
  await page.getByText('Tick what the key may do.').waitFor()
  assert.equal(await page.getByLabel('What it is for').inputValue(), 'Monthly report', 'what was typed stays')
  await page.getByLabel('sessions:read').check()
  await page.getByLabel('Good for').selectOption('90 days')
  await page.getByRole('button', { name: 'Make key' }).click()
  const key = await page.getByLabel('API key', { exact: true }).inputValue()
  assert.match(key, /^tak_[\w-]{43}$/)
  const line = await page.getByLabel('Try it in a terminal').inputValue()
  const tried = spawnSync('sh', ['-c', line], { encoding: 'utf8' })
  assert.match(tried.stdout, /^HTTP\/1.1 200 OK[\s\S]*"sessions":\[\]/, tried.stderr)
  await window.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy key' }).click()
  await page.getByRole('button', { name: 'Key copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key)

  await page.goto('/settings/api-keys')
  assert.ok(!(await page.content()).includes(key), 'shown once')
  assert.match(await row().innerText(), /Monthly report\s+tak_[\w-]{6}…\s+sessions:read\s+.*\s*by Grace\s+just now/)
  assert.equal((await ask('/api/v1/sessions', key)).status, 200)
  assert.equal((await ask('/api/v1/users', key)).status, 403)
  await row().getByRole('link', { name: 'Revoke' }).click()
  await page.getByRole('link', { name: 'Keep it' }).click()
  assert.equal((await ask('/api/v1/sessions', key)).status, 200)
  await row().getByRole('link', { name: 'Revoke' }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  assert.equal((await ask('/api/v1/sessions', key)).status, 401)
})

test('a key of the command line is in the list', async () => {
  const made = JSON.parse(server.trainar(['key', 'create', '--tenant', 'Acme', '--name', 'Nightly', '--scope', 'users:read', '--scope', 'sessions:read', '--json']))
  assert.deepEqual(made.scopes, ['sessions:read', 'users:read'])
  assert.equal((await ask('/api/v1/users', made.api_key)).status, 200)
  await page.goto('/settings/api-keys')
  assert.match(await row().innerText(), /Nightly[\s\S]*by the command line[\s\S]*Never/)
})

test('the description is open to everybody and each operation has its place', async () => {
  const stranger = await open(browser, server)
  const asked = []
  stranger.page.on('request', (request) => asked.push(new URL(request.url()).origin))
  await stranger.page.goto('/api/docs')
  await stranger.page.getByRole('link', { name: 'GET /api/v1/procedures/{procedure}' }).click()
  assert.equal(new URL(stranger.page.url()).hash, '#get_procedures_procedure')
  const operation = stranger.page.locator('#get_procedures_procedure')
  assert.match(await operation.innerText(), /an API key with the scope procedures:read[\s\S]*curl -H 'Authorization: Bearer tak_…' 'http:/)
  await operation.getByRole('link', { name: 'ProcedureState' }).click()
  assert.equal(new URL(stranger.page.url()).hash, '#type-ProcedureState')
  assert.deepEqual([...new Set(asked)], [server.url], 'no other host is needed')
  assert.deepEqual(stranger.problems, [])
  await stranger.close()
})

test('no page says anything to the console', () => {
  const problems = window.problems.filter((problem) => !problem.includes('422'))
  assert.deepEqual(problems, [])
})

for (const [look, options] of LOOKS) {
  test(`no page breaks accessibility or its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    const good = (name) => assertGood(page, `${name}-${look}`)
    await page.goto('/settings/api-keys')
    await page.getByLabel('What it is for').fill('A report of everything that there is, for the whole of the organisation')
    await page.getByLabel('procedures:read').check()
    await page.getByLabel('sessions:read').check()
    await page.getByLabel('users:read').check()
    await page.getByRole('button', { name: 'Make key' }).click()
    await page.getByText('shown this once').waitFor()
    await good('api-key-made')
    await page.locator('tr[data-api-key]').first().getByRole('link', { name: 'Revoke' }).click()
    await good('api-key-revoke')
    await page.goto('/api/docs')
    await good('api-docs')
    await close()
  })
}

const row = () => page.locator('tr[data-api-key]').first()
const ask = (path, key) => fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } })
