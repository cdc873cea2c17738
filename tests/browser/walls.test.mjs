// What stands between a browser and data that is not its own: headers, signatures, ranges, tenants.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open, openSignedIn, signIn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { createTask, secondTenant } from '../support/tenants.mjs'

let server, browser, session, task, procedure, media, clip, cookie

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  task = createTask(server, { title: 'Pump', externalId: '1', source: 'manual' })
  session = await record(server, recording(), { about: task ? { task_id: task } : {} })
  await settled(server, session)
  const { page, context, close } = await openSignedIn(browser, server)
  await page.goto(`/sessions/${session.id}`)
  procedure = (await page.locator('.procedures a').first().getAttribute('href')).split('/').at(-1)
  cookie = await cookiesOf(context)
  media = await (await get(`/sessions/${session.id}/media`)).json()
  clip = await (await get(`/procedures/${procedure}/media`)).json()
  await close()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** As the browser sends them. */
const cookiesOf = async (context) => (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
const get = (path, headers = { cookie }) => fetch(server.url + path, { headers, redirect: 'manual' })

test('every page carries its walls', async () => {
  for (const path of ['/sign-in', '/sessions', `/sessions/${session.id}`, `/procedures/${procedure}`, '/nowhere']) {
    const { headers } = await get(path)
    const policy = Object.fromEntries(headers.get('content-security-policy').split(';').map((rule) => rule.trim().split(/ (.*)/)))
    assert.equal(policy['default-src'], "'none'", path)
    assert.equal(policy['script-src'], "'self'")
    assert.equal(policy['style-src'], "'self'")
    assert.equal(policy['frame-ancestors'], "'none'")
    assert.equal(policy['base-uri'], "'none'")
    assert.equal(policy['form-action'], "'self'")
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.match(headers.get('cache-control'), /private/)
  }
})

test('the policy holds: a script that was slipped in does not run', async () => {
  const { page, close } = await openSignedIn(browser, server)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.slipped = true'
    document.body.append(script)
    document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="globalThis.slipped = true">')
  })
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)))
  assert.equal(await page.evaluate(() => globalThis.slipped), undefined)
  await close()
})

test('a name that is code stays a name', async () => {
  const name = '<img src=x onerror="globalThis.slipped=true"><script>globalThis.slipped=true</script>'
  const { page, problems, close } = await openSignedIn(browser, server)
  const sneaky = await (await fetch(`${server.url}/api/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.deviceToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })).json()
  await page.locator(`#session-${sneaky.id}`).waitFor()
  assert.equal(await page.locator(`#session-${sneaky.id} .row-link`).textContent(), name)
  await page.goto(`/sessions/${sneaky.id}`)
  assert.equal(await page.locator('h1').textContent(), name)
  assert.equal(await page.evaluate(() => globalThis.slipped), undefined)
  assert.deepEqual(problems, [])
  await close()
})

test('signed addresses serve ranges, without a cookie', async () => {
  const range = (value) => get(media.recording, value ? { range: value } : {})
  const whole = await range()
  assert.equal(whole.status, 200)
  assert.equal(whole.headers.get('accept-ranges'), 'bytes')
  assert.equal(whole.headers.get('content-type'), 'video/mp4')
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff')
  const bytes = Buffer.from(await whole.arrayBuffer())
  assert.equal(bytes.length, Number(whole.headers.get('content-length')))
  for (const [asked, from, to] of [['bytes=0-0', 0, 1], ['bytes=1000-1999', 1000, 2000], [`bytes=${bytes.length - 5}-`, bytes.length - 5, bytes.length], ['bytes=-7', bytes.length - 7, bytes.length]]) {
    const part = await range(asked)
    assert.equal(part.status, 206, asked)
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/${bytes.length}`)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(from, to))
  }
  const beyond = await range(`bytes=${bytes.length}-`)
  assert.equal(beyond.status, 416)
  assert.equal(beyond.headers.get('content-range'), `bytes */${bytes.length}`)
  assert.equal((await get(media.recording, { range: 'bytes=0-9', 'if-range': '"another"' })).status, 200)
  const head = await fetch(server.url + media.recording, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
  for (const address of [media.poster, media.captions, media.chapters, clip.clip, clip.thumbnail]) {
    assert.equal((await get(address, {})).status, 200, address)
  }
})

test('an address that was changed in any way is refused', async () => {
  const url = new URL(media.recording, server.url)
  const changed = (change) => {
    const copy = new URL(url)
    change(copy)
    return copy.pathname + copy.search
  }
  const set = (name, value) => changed((u) => u.searchParams.set(name, value))
  const signature = url.searchParams.get('signature')
  const forged = [
    set('expires', String(Number(url.searchParams.get('expires')) + 3_600_000_000)),
    set('kind', 'vtt'),
    set('signature', signature.slice(0, -2) + (signature.endsWith('AA') ? 'BB' : 'AA')),
    set('signature', ''),
    set('signature', new URL(media.poster, url).searchParams.get('signature')),
    changed((u) => u.searchParams.delete('signature')),
    changed((u) => (u.search = '')),
    changed((u) => (u.pathname = new URL(clip.clip, url).pathname)),
    changed((u) => (u.pathname += '/../../secret.key')),
    changed((u) => (u.pathname += '%2f..%2f..%2fsecret.key')),
  ]
  for (const address of forged) assert.equal((await get(address)).status, 403, address)
})

test('an address is dead when its time is over', async () => {
  const brief = await startServer({ TRAINAR_SERVER__MEDIA_ADDRESS_SECONDS: '1' })
  const { page, context, close } = await openSignedIn(browser, brief)
  try {
    const own = await record(brief, recording(10), { words: 'WEBVTT\n' })
    await settled(brief, own)
    await page.goto(`/sessions/${own.id}`)
    const fresh = await fetch(`${brief.url}/sessions/${own.id}/media`, { headers: { cookie: await cookiesOf(context) } })
    const { recording: address } = await fresh.json()
    const until = Number(new URL(address, brief.url).searchParams.get('expires')) / 1000
    await page.waitForFunction((t) => Date.now() > t, until)
    assert.equal((await fetch(brief.url + address)).status, 403)
  } finally {
    await close()
    await brief.stop()
  }
})

test('another organisation finds nothing of ours, under any address', async () => {
  const rival = secondTenant(server)
  const { page, context, close } = await open(browser, server)
  await signIn(page, rival)
  await page.waitForURL('**/sessions')
  assert.equal(await page.locator('tbody tr').count(), 0)
  const foreign = { cookie: await cookiesOf(context) }
  const paths = ['', '/row', '/live', '/media'].map((part) => `/sessions/${session.id}${part}`)
  paths.push(`/procedures/${procedure}`, `/procedures/${procedure}/media`)
  if (task) paths.push(`/tasks/${task}`)
  for (const path of paths) {
    assert.equal((await get(path)).status, 200, `${path} is there for us`)
    const answer = await get(path, foreign)
    assert.equal(answer.status, 404, path)
    assert.doesNotMatch(await answer.text(), /Ada|Acme|boiler|Pump|media\//)
    const nobody = await get(path, {})
    assert.equal(nobody.status, 303, path)
    assert.match(nobody.headers.get('location'), /^\/sign-in/)
  }
  await close()
})

test('somebody whose login was ended sees nothing more', async () => {
  assert.equal((await get('/events/sessions', { accept: 'text/event-stream' })).status, 401)
  assert.equal((await get('/sessions', { cookie: 'trainar=made-up' })).status, 303)
})
