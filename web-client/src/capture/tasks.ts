// The tasks that the engineer can begin, as the server last told; the last answer is kept for when there is no network.
import { call } from "./api";
import type { Spool } from "./spool";

/** A task that a session can be started against. */
export interface Task {
  id: string;
  title: string;
  external_id: string | null;
  due_date: string | null;
}

const KEPT = "tasks";

/** What was told last to this seat. */
export async function knownTasks(spool: Spool, seat: string): Promise<Task[]> {
  const kept = await spool.setting<{ seat: string; tasks: Task[] }>(KEPT);
  return kept?.seat === seat ? kept.tasks : [];
}

/** Asks the server; `undefined` when it does not answer. */
export async function askForTasks(spool: Spool, token: string, seat: string): Promise<Task[] | undefined> {
  try {
    const { tasks } = await call<{ tasks: Task[] }>("GET", "/api/v1/device/tasks", { token });
    const told = tasks.map(({ id, title, external_id, due_date }) => ({ id, title, external_id, due_date }));
    await spool.keepSetting(KEPT, { seat, tasks: told });
    return told;
  } catch {
    return undefined;
  }
}

/** Fills the chooser: what is chosen stays chosen as long as it is there. */
export function drawTasks(select: HTMLSelectElement, tasks: Task[], chosen: string): void {
  const drawn = JSON.stringify(tasks);
  if (select.dataset["tasks"] !== drawn) {
    select.dataset["tasks"] = drawn;
    select.replaceChildren(new Option("No task", ""), ...tasks.map((task) => new Option(label(task), task.id)));
  }
  if (select.value !== chosen) select.value = chosen;
}

function label({ title, external_id, due_date }: Task): string {
  const due = due_date ? `due ${new Date(due_date).toLocaleDateString(undefined, { day: "numeric", month: "short" })}` : "";
  const more = [external_id, due].filter(Boolean).join(", ");
  return more ? `${title} (${more})` : title;
}
