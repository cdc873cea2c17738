// The list: filters, pages, and a status that changes while somebody looks.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open, openSignedIn, signIn } from '../support/browser.mjs'
import { beginUpload, caption, recording, start, stop } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { secondTenant, traineeToken } from '../support/tenants.mjs'

const PAGE = 25
let server, browser, trainee

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  trainee = traineeToken(server)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const names = (page) => page.locator('.row-link').allInnerTexts()
const row = (page, session) => page.locator(`#session-${session.id}`)
const part = (page, session, column) => row(page, session).locator(`.col-${column}`)

test('an organisation without sessions is told how to make one, and sees the first appear', async () => {
  const rival = secondTenant(server)
  const { page, problems, close } = await open(browser, server)
  await signIn(page, rival)
  await page.getByRole('heading', { name: 'No sessions yet' }).waitFor()
  assert.match(await page.locator('.empty').innerText(), /Start training session/)
  assert.equal(await page.locator('table').count(), 0)
  const session = await start(rival)
  await row(page, session).waitFor()
  assert.equal(await page.locator('table').count(), 1)
  await page.goto('/sessions?status=failed')
  await page.getByRole('heading', { name: 'No sessions match these filters' }).waitFor()
  await page.getByRole('link', { name: 'Show all sessions' }).click()
  await row(page, session).waitFor()
  assert.deepEqual(problems, [])
  await close()
})

test('the table has the columns of the product, and a row leads to its session', async () => {
  const session = await start(server, { name: 'A first look' })
  await stop(server, session, 0)
  const { page, close } = await openSignedIn(browser, server)
  const columns = await page.getByRole('columnheader').allTextContents()
  assert.deepEqual(columns, ['Thumbnail', 'Session Name', 'Role', 'Status', 'Duration', 'Procedures', 'Date'])
  const shown = async (column) => (await part(page, session, column).innerText()).trim()
  assert.equal(await shown('name'), 'A first look')
  assert.equal(await shown('role'), 'Trainer')
  assert.match(await shown('status'), /^Failed\s/)
  assert.equal(await shown('duration'), '—')
  assert.equal(await shown('procedures'), '—')
  assert.match(await shown('date'), /^\d{1,2} \w{3} \d{4}, \d{2}:\d{2}$/)
  assert.match(await part(page, session, 'date').locator('time').getAttribute('title'), /:\d{2} (UTC|GMT|[A-Z]{3,4}|[+-]\d+)$/)
  const box = await row(page, session).boundingBox()
  await page.mouse.click(box.x + box.width * 0.66, box.y + box.height / 2)
  await page.waitForURL(`**/sessions/${session.id}`)
  await close()
})

test('two filters, kept in the address, and together', async () => {
  const running = await start(server, { name: 'Running' })
  const learner = await start(server, { name: 'Learner' }, trainee)
  await stop(server, learner, 0, trainee)
  const { page, problems, close } = await openSignedIn(browser, server)
  assert.deepEqual(await page.getByRole('navigation', { name: 'Status' }).getByRole('link').allInnerTexts(), ['All', 'Completed', 'In Progress', 'Failed'])
  assert.deepEqual(await page.getByRole('navigation', { name: 'Role' }).getByRole('link').allInnerTexts(), ['All roles', 'Trainer', 'Trainee'])
  const choose = async (name, address) => {
    await page.getByRole('link', { name, exact: true }).click()
    await page.waitForURL(server.url + address)
    assert.equal(await page.getByRole('link', { name, exact: true }).getAttribute('aria-current'), 'true')
  }
  await choose('In Progress', '/sessions?status=in_progress')
  assert.deepEqual(await names(page), ['Running'])
  await choose('Failed', '/sessions?status=failed')
  assert.ok((await names(page)).includes('Learner') && !(await names(page)).includes('Running'))
  await choose('Trainee', '/sessions?status=failed&role=trainee')
  assert.deepEqual(await names(page), ['Learner'])
  await choose('Trainer', '/sessions?status=failed&role=trainer')
  assert.ok(!(await names(page)).includes('Learner'))
  await choose('All', '/sessions?role=trainer')
  await choose('All roles', '/sessions')
  assert.ok((await names(page)).includes('Learner') && (await names(page)).includes('Running'))
  for (const mistyped of ['?status=done', '?role=boss', '?before=x', '?after=1.2&before=3.4', '?status=']) {
    const answer = await page.goto(`/sessions${mistyped}`)
    assert.equal(answer.status(), 200, mistyped)
  }
  await stop(server, running, 0)
  assert.deepEqual(problems, [])
  await close()
})

test('pages of 25 by cursor, which new sessions do not shift', async () => {
  const made = []
  for (let i = 1; i <= 2 * PAGE + 3; i++) {
    const session = await start(server, { name: `Visit ${i}` }, trainee)
    await stop(server, session, 0, trainee)
    made.unshift(`Visit ${i}`)
  }
  const { page, close } = await openSignedIn(browser, server)
  await page.goto('/sessions?role=trainee')
  assert.deepEqual(await names(page), made.slice(0, PAGE))
  assert.equal(await page.getByRole('link', { name: 'Newer' }).count(), 0)
  const late = await start(server, { name: 'Meanwhile' }, trainee)
  await stop(server, late, 0, trainee)
  await row(page, late).waitFor()
  await page.getByRole('link', { name: 'Older' }).click()
  await page.waitForURL('**role=trainee&before=*')
  assert.deepEqual(await names(page), made.slice(PAGE, 2 * PAGE))
  await page.getByRole('link', { name: 'Older' }).click()
  await page.getByText('Visit 1', { exact: true }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Older' }).count(), 0)
  assert.deepEqual((await names(page)).slice(0, 3), made.slice(2 * PAGE))
  await page.getByRole('link', { name: 'Newer' }).click()
  await page.getByText(made[PAGE], { exact: true }).waitFor()
  assert.deepEqual(await names(page), made.slice(PAGE, 2 * PAGE))
  await page.getByRole('link', { name: 'Newer' }).click()
  await page.getByText(made[0], { exact: true }).waitFor()
  assert.equal((await names(page)).length, PAGE)
  await close()
})

test('from recording to completed without a reload', async () => {
  const bytes = recording()
  const { page, problems, close } = await openSignedIn(browser, server)
  const documents = []
  page.on('framenavigated', (frame) => documents.push(frame.url()))
  const seen = () => page.evaluate(() => globalThis.seen)
  await page.evaluate(() => {
    globalThis.seen = []
    new MutationObserver(() => {
      const text = document.querySelector('tbody tr .col-status')?.textContent.replace(/\s+/g, ' ').trim()
      if (text && text !== globalThis.seen.at(-1)) globalThis.seen.push(text)
    }).observe(document.querySelector('[data-live-sessions]'), { childList: true, subtree: true })
  })
  const session = await start(server, { name: 'Live' })
  const status = part(page, session, 'status')
  await status.getByText('Recording').waitFor()
  await row(page, session).locator('a').focus()
  await caption(server, session)
  const send = await beginUpload(server, session, bytes)
  await stop(server, session)
  await status.getByText('Uploading 0%').waitFor()
  const half = Math.ceil(bytes.length / 2)
  await send(0, half)
  await status.getByText('Uploading 50%').waitFor()
  await send(half, bytes.length)
  await status.getByText('Completed').waitFor()
  assert.match((await part(page, session, 'procedures').innerText()).trim(), /^\d procedures$/)
  assert.equal((await part(page, session, 'duration').innerText()).trim(), '2m 02s')
  await page.waitForFunction((id) => document.querySelector(`#session-${id} img`)?.naturalWidth > 0, session.id)
  assert.deepEqual(documents, [], 'the page was not loaded again')
  const focused = await page.evaluate(() => document.activeElement.closest('tr')?.id)
  assert.equal(focused, `session-${session.id}`, 'the focus stayed through every change')
  assert.equal(await page.locator('[data-announce]').textContent(), 'Live: Completed')
  for (const line of await seen()) assert.match(line, /^(In Progress ?(Recording|Uploading \d+%|Waiting to be processed|Processing \d of 9: [a-z ]+)|Completed)$/)
  assert.deepEqual(problems, [])
  await close()
})

test('a filter holds for what comes in, too', async () => {
  const { page, close } = await openSignedIn(browser, server)
  await page.goto('/sessions?status=in_progress&role=trainer')
  const hidden = await start(server, { name: 'Not shown' }, trainee)
  const shown = await start(server, { name: 'Shown' })
  await row(page, shown).waitFor()
  assert.equal(await row(page, hidden).count(), 0)
  await close()
})

test('a server that is gone for a moment is said, and then caught up with', async () => {
  const { page, close } = await openSignedIn(browser, server)
  const session = await start(server, { name: 'Through the outage' })
  await row(page, session).waitFor()
  await server.crash()
  await page.getByText('Reconnecting. What you see may be out of date.').waitFor()
  await server.restart()
  await stop(server, session, 0)
  await part(page, session, 'status').getByText('Failed').waitFor()
  await page.getByText('Reconnecting.').waitFor({ state: 'hidden' })
  await close()
})
