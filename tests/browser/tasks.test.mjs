// Tasks: made, found, changed and begun; what a member may not do.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { assertGood, LOOKS, openSignedIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { call } from '../support/server.mjs'

const { server, admin, browser, window, page } = await dashboard()

test('a task is made by hand, begun by a session and completed, and who did it is kept', async () => {
  await page.getByRole('link', { name: 'Tasks' }).click()
  await page.getByRole('heading', { name: 'No tasks yet' }).waitFor()
  await page.getByRole('link', { name: 'New task' }).click()
  await page.getByLabel('Title').fill('Replace the diverter valve')
  await page.getByLabel('Description').fill('No hot water since <Tuesday>.')
  await page.getByLabel('Assigned to').selectOption('Ada')
  await page.getByLabel('Due').fill('2020-02-29')
  await page.getByLabel('Reference').fill('J-1')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Replace the diverter valve' }).waitFor()
  assert.match(await page.locator('.facts').innerText(), /Ada[\s\S]*29 Feb 2020/)
  const id = page.url().split('/').pop()

  await page.getByRole('link', { name: 'Tasks' }).click()
  const row = page.locator('tbody tr')
  assert.match((await row.innerText()).replaceAll(/\s+/g, ' '), /Replace the diverter valve Open manual J-1 Ada 29 Feb 2020 —/)
  for (const [label, choice, found] of [['Status', 'Completed', 0], ['Status', 'Open', 1], ['Due', 'Before today', 1], ['Assigned to', 'Grace', 0], ['Source', 'jobber', 0]]) {
    await page.goto('/tasks')
    await page.getByLabel(label, { exact: true }).selectOption(choice)
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('link', { name: 'Show all tasks' }).waitFor()
    assert.equal(await row.count(), found, choice)
  }
  await page.goto('/tasks?search=DIVERTER')
  assert.equal(await row.count(), 1)

  assert.deepEqual((await call(server, 'GET', '/api/v1/device/tasks')).tasks.map((task) => task.id), [id])
  await call(server, 'POST', '/api/v1/sessions', { task_id: id })
  await page.goto(`/tasks/${id}`)
  assert.match(await page.locator('.task-changes').innerText(), /In Progress by Ada[\s\S]*Open by Grace/)
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Title').fill(' ')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').getByText('Give a title').waitFor()
  assert.equal(await page.getByLabel('Due').inputValue(), '2020-02-29', 'what was typed stays')
  const other = await window.context.newPage()
  await other.goto(`/tasks/${id}/edit`)
  await other.getByLabel('Priority').fill('high')
  await other.getByRole('button', { name: 'Save' }).click()
  await other.getByRole('heading', { name: 'Replace the diverter valve' }).waitFor()
  await other.close()
  await page.getByLabel('Title').fill('Diverter valve')
  await page.getByLabel('Status').selectOption('Completed')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').getByText('changed since you opened this form').waitFor()
  assert.equal(await page.getByLabel('Title').inputValue(), 'Diverter valve', 'what was typed stays')
  await page.getByRole('button', { name: 'Save' }).click()
  assert.match(await page.locator('.task-changes').innerText(), /^Completed by Grace/)
  await page.getByRole('cell', { name: 'Replace the diverter valve' }).getByRole('link').click()
  await page.getByRole('link', { name: 'View Task' }).click()
  await page.getByRole('heading', { name: 'Diverter valve' }).waitFor()
})

test('a task has files: added, shown, downloaded and removed, and one that is too large is refused', async () => {
  await page.goto('/tasks')
  await page.locator('tbody a').first().click()
  await page.getByText('No files yet.').waitFor()
  const add = async (name, buffer) => {
    await page.getByLabel('File, at most 10 MB').setInputFiles({ name, mimeType: 'text/html', buffer })
    await page.getByRole('button', { name: 'Add file' }).click()
  }
  const attack = Buffer.from('<script>document.title = "run"</script>')
  await add('a plan.html', attack)
  await page.getByRole('link', { name: 'a plan.html', exact: true }).waitFor()
  await add('plate.png', await page.screenshot())
  const picture = page.getByRole('img', { name: 'plate.png' })
  await picture.waitFor()
  assert.ok(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)))
  await add('huge.bin', Buffer.alloc(10_000_001))
  await page.getByRole('alert').getByText('The file has more than 10 MB').waitFor()
  await page.goBack()

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'a plan.html', exact: true }).click()])
  assert.equal(download.suggestedFilename(), 'a plan.html')
  assert.deepEqual(await readFile(await download.path()), attack)
  const address = await page.getByRole('link', { name: 'a plan.html', exact: true }).getAttribute('href')
  assert.equal((await page.request.get(`${address}/picture`)).status(), 404, 'what is no picture is not shown')

  const member = await openSignedIn(browser, server)
  await member.page.goto(page.url())
  await member.page.getByRole('img', { name: 'plate.png' }).waitFor()
  assert.equal(await member.page.getByRole('button', { name: /Remove|Add file/ }).count(), 0)
  await member.close()

  await page.getByRole('button', { name: 'Remove a plan.html' }).click()
  await picture.waitFor()
  assert.equal(await page.getByRole('link', { name: 'a plan.html' }).count(), 0)
  assert.equal((await page.request.get(address)).status(), 404)
})

test('the pages are good at every width and in both themes', async () => {
  const id = (await page.goto('/tasks'), await page.locator('tbody a').first().getAttribute('href'))
  for (const [look, options] of LOOKS) {
    const shown = await openSignedIn(browser, { ...server, ...admin }, options)
    for (const [what, path] of [['tasks', '/tasks'], ['task', id], ['task-form', '/tasks/new']]) {
      await shown.page.goto(path)
      await assertGood(shown.page, `${what}-${look}`)
    }
    await shown.close()
  }
})

test('a member reads tasks and makes none', async () => {
  const member = await openSignedIn(browser, server)
  await member.page.goto('/tasks')
  assert.equal(await member.page.locator('tbody tr').count(), 1)
  assert.equal(await member.page.getByRole('link', { name: 'New task' }).count(), 0)
  assert.equal((await member.page.goto('/tasks/new')).status(), 403)
  await member.close()
})
