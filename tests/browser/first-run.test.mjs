// The first run: nobody is there, and the first organisation is made once, by who has the setup code.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, open, signIn } from '../support/browser.mjs'
import { startEmptyServer } from '../support/server.mjs'

const PASSWORD = 'seven purple lanterns'
let server, browser, code

before(async () => {
  server = await startEmptyServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  for (let i = 0; i < 100 && !code; i++) {
    code = /setup code ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})/.exec(server.log())?.[1]
    if (!code) await new Promise((done) => setTimeout(done, 50))
  }
  assert.ok(code, server.log())
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

for (const [look, options] of LOOKS) {
  test(`the page breaks neither accessibility nor its frame: ${look}`, async () => {
    const { page, close } = await open(browser, server, options)
    await page.goto('/')
    await assertGood(page, `setup-${look}`)
    await close()
  })
}

test('every page leads to the first one, which asks for the code of the log', async () => {
  const { page, close } = await open(browser, server, { timezoneId: 'America/Lima' })
  for (const path of ['/', '/sign-in', '/sessions', '/settings/users', '/nowhere']) {
    await page.goto(path)
    assert.equal(new URL(page.url()).pathname, '/setup', path)
  }
  assert.equal(await page.getByLabel('Timezone').inputValue(), 'America/Lima')
  await fill(page, { code: 'ABCD-EFGH-JKMN', organisation: 'Harbour Heating' })
  assert.match(await page.getByRole('alert').innerText(), /This is not the setup code/)
  assert.equal(await page.getByLabel('Organisation').inputValue(), 'Harbour Heating')
  await fill(page, { code, password: '1234567890' })
  assert.match(await page.getByRole('alert').innerText(), /first that are guessed/)
  assert.equal(await page.getByLabel('Timezone').inputValue(), 'America/Lima')
  await close()
})

test('of several at once exactly one makes the organisation, and the others are told', async () => {
  const attempts = ['one', 'two', 'three', 'four'].map((name) => {
    const fields = { code: code.toLowerCase().replaceAll('-', ' '), organisation: name, timezone: 'Europe/London', full_name: name, email: `${name}@example.org`, password: PASSWORD, again: PASSWORD }
    return fetch(`${server.url}/setup`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
  })
  const answers = await Promise.all(attempts)
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [303, 404, 404, 404])
  const loser = answers.find(({ status }) => status === 404)
  assert.match(await loser.text(), /This server is set up already/)
  const winner = ['one', 'two', 'three', 'four'][answers.findIndex(({ status }) => status === 303)]

  assert.equal((await fetch(`${server.url}/setup`)).status, 404)
  const { page, problems, close } = await open(browser, server)
  await page.goto('/sign-in?notice=set-up')
  await page.getByText('Your organisation is there.').waitFor()
  await signIn(page, { email: `${winner}@example.org`, password: PASSWORD })
  await page.waitForURL('**/sessions')
  await page.goto('/settings/audit')
  assert.match(await page.locator('tbody tr').last().innerText(), new RegExp(`${winner}[\\s\\S]*Created the organisation`))
  assert.deepEqual(problems, [])
  await close()
})

async function fill(page, { code, organisation, password = PASSWORD }) {
  await page.getByLabel('Setup code').fill(code)
  if (organisation) await page.getByLabel('Organisation').fill(organisation)
  await page.getByLabel('Your name').fill('Morgan Ellis')
  await page.getByLabel('Your email').fill('morgan@example.org')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again').fill(password)
  const answer = page.waitForResponse((answer) => answer.request().method() === 'POST')
  await page.getByRole('button', { name: 'Create organisation' }).click()
  await answer
  await page.getByRole('alert').waitFor()
}
