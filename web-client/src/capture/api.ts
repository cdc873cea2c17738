// Calls to the server. An answer that is none of its own (a captive portal's page, say) counts as no network.

/** The server was not reached, or can't at the moment. */
export class NoNetwork extends Error {
  /** `retryAfter`: seconds that the server asks to wait. `detail`: its own words, when it was reached. */
  constructor(message: string, readonly retryAfter = 0, readonly detail = "") {
    super(message);
  }
}

/** This device was shut out. */
export class Revoked extends Error {}

/** The server says no, and will say so again. */
export class Refused extends Error {
  constructor(readonly status: number, readonly kind: string, readonly detail: string) {
    super(detail);
  }
}

/** Milliseconds after which an answer is not waited for any longer. */
const PATIENCE_MS = 20_000;

interface Call {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Calls `path` and gives the JSON of the answer, `undefined` for one without content. */
export async function call<T>(method: string, path: string, { token, body, headers }: Call = {}): Promise<T> {
  const request: RequestInit = {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  };
  let answer: Response, text: string;
  try {
    answer = await fetch(path, request);
    text = await answer.text();
  } catch (cause) {
    throw new NoNetwork(String(cause));
  }
  if (!answer.ok) throw failure(answer.status, answer.headers.get("content-type"), answer.headers.get("retry-after"), text);
  if (answer.status === 204) return undefined as T;
  const json = parse(text);
  if (!isJson(answer.headers.get("content-type")) || json === undefined) throw new NoNetwork("this is not the server's answer");
  return json as T;
}

/** What a refusal means: whether to try again, to pair again, or to let it be. */
export function failure(status: number, type: string | null, retryAfter: string | null, text: string): Error {
  const problem = isJson(type) ? (parse(text) as { type?: string; detail?: string; title?: string } | undefined) : undefined;
  if (!problem?.type) return new NoNetwork(`status ${status}`, seconds(retryAfter));
  const detail = problem.detail ?? problem.title ?? `status ${status}`;
  if (status === 401) return new Revoked(detail);
  const passing = status >= 500 || [408, 423, 429].includes(status);
  return passing ? new NoNetwork(detail, seconds(retryAfter), detail) : new Refused(status, lastWord(problem.type), detail);
}

const lastWord = (type: string) => type.split(/[/:#]/).pop() ?? "";
const isJson = (type: string | null) => /^application\/(problem\+)?json/.test(type ?? "");
const seconds = (header: string | null) => Math.min(600, Number.parseInt(header ?? "", 10) || 0);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
