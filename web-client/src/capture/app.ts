// Joins the parts: the spool, the running session, the delivery and what a person taps or says.
import { call, Revoked } from "./api";
import { stayAwake } from "./awake";
import { closeCamera, isCameraAllowed, NoCamera, openCamera } from "./camera";
import { Delivery, type Outcome } from "./delivery";
import { Level } from "./level";
import { outOfMinutes, screenOf, totals, type Model } from "./model";
import { accept, known, needsConsent, told } from "./notices";
import { pair } from "./pairing";
import { askServer, type Reached } from "./preflight";
import { report } from "./report";
import { RunningSession } from "./session";
import type { Spool } from "./spool";
import { FEW_MINUTES, keepForGood, minutesOfRoom } from "./storage";
import { askForTasks, knownTasks } from "./tasks";
import { say } from "./voice";
import { NO_MINUTES } from "./words";

const ARMED_MS = 5000;
const ARMED_BY_VOICE_MS = 15_000;
const HEARTBEAT_MS = 30_000;
const REPORT_EVERY_MS = 180_000;
const ROOM_EVERY_MS = 15_000;
/** Before the first session the server's answer is waited for so long: it may ask for consent. */
const FIRST_ANSWER_MS = 2000;

const TROUBLE = {
  stalled: "The camera has stopped. Starting it again.",
  disk: "Storage is full. Keep this page open: what was recorded is stored as soon as there is room.",
};

export class App {
  readonly level = new Level();
  readonly session: RunningSession;
  private readonly delivery: Delivery;

  constructor(private readonly spool: Spool, readonly model: Model, private readonly format: string, private readonly draw: () => void) {
    this.session = new RunningSession(spool, {
      changed: () => void this.refresh().then(() => this.delivery.nudge()),
      trouble: (what) => this.trouble(what),
      full: () => void this.pause("Storage is full. Recording has paused."),
      opened: (stream) => this.use(stream),
    });
    this.delivery = new Delivery(spool, () => model.pairing, (outcome) => this.told(outcome));
    setInterval(() => void this.heartbeat(), HEARTBEAT_MS);
    setInterval(() => void (model.sessions.length > 0 && this.report()), REPORT_EVERY_MS);
    setInterval(() => void this.lookAtRoom(), ROOM_EVERY_MS);
  }

  /** Goes on where the last page was: a session that was running is recorded on. */
  async open(): Promise<void> {
    await this.spool.forgetRefusals();
    const found = await this.session.recover();
    this.model.session = this.session;
    this.model.notices = await known(this.spool, this.model.pairing);
    await this.refresh();
    this.delivery.nudge();
    if (found?.state === "recording") {
      this.model.interrupted = true;
      if (await isCameraAllowed()) await this.goOn();
    } else if (!found) await this.preview();
    this.draw();
  }

  async start(): Promise<void> {
    if (outOfMinutes(this.model)) return say(NO_MINUTES);
    await this.firstAnswer();
    if (needsConsent(this.model.notices)) {
      this.draw();
      return say("Read the text on the screen and agree first");
    }
    const stream = await this.camera();
    if (!stream) return;
    void keepForGood();
    this.model.afterStop = false;
    this.model.trouble = "";
    // Whoever is there hears it as recording begins.
    const { notices } = this.model;
    if (notices?.recording) say(notices.recording, notices.language);
    const chosen = this.model.tasks.find(({ id }) => id === this.model.task);
    await this.record(() => this.session.start(stream, this.format, chosen && { id: chosen.id, title: chosen.title }));
    if (this.session.current) this.model.task = "";
  }

  async goOn(): Promise<void> {
    const stream = await this.camera();
    if (!stream) return;
    await this.record(() => this.session.goOn(stream, this.format));
  }

  private async record(begin: () => Promise<void>): Promise<void> {
    try {
      await begin();
      this.model.interrupted = false;
      this.model.notice = "";
      stayAwake(true);
      say("Recording");
    } catch (error) {
      // The session is in the spool, unless there is no room even for that: a tap tries again.
      this.model.interrupted = this.session.current?.state === "recording";
      this.model.notice = `Recording did not begin: ${error instanceof Error ? error.message : String(error)}`;
    }
    await this.refresh();
  }

  async pause(spoken = "Paused"): Promise<void> {
    if (this.session.current?.state !== "recording") return;
    await this.session.pause();
    this.model.trouble = "";
    say(spoken);
    this.draw();
  }

  async resume(): Promise<void> {
    const stream = await this.camera();
    if (!stream) return;
    await this.record(() => this.session.resume(stream, this.format));
  }

  /** Takes two taps. */
  async tapDelete(armedMs = ARMED_MS): Promise<void> {
    if (this.model.deleteArmed) return this.deleteLastMinute();
    this.model.deleteArmed = true;
    setTimeout(() => this.disarm(), armedMs);
    this.draw();
  }

  /** Takes two sentences. The question does not hold the command: the device may hear itself. */
  async sayDelete(): Promise<void> {
    if (!this.model.deleteArmed) say("Say it again to delete");
    await this.tapDelete(ARMED_BY_VOICE_MS);
  }

  private async deleteLastMinute(): Promise<void> {
    this.disarm();
    if (!this.session.current) return;
    say((await this.session.deleteLastMinute()) ? "Last minute deleted" : "Nothing is recorded yet");
    this.draw();
  }

  async stop(): Promise<void> {
    if (!this.session.current) return;
    await this.session.stop();
    stayAwake(false);
    this.turnOffCamera();
    Object.assign(this.model, { afterStop: true, interrupted: false, noCamera: undefined, trouble: "" });
    await this.refresh();
    const { sessions: waiting } = totals(this.model);
    say(this.model.network === "lost" ? "Saved on device, no network" : `Uploading ${waiting} session${waiting === 1 ? "" : "s"}`);
    this.delivery.nudge();
    void this.report();
  }

  /** Back to the list of checks. */
  async ready(): Promise<void> {
    this.model.afterStop = false;
    await this.preview();
    this.draw();
  }

  /** The button on the screens that have no camera: then what was wanted goes on. */
  async tryCamera(): Promise<void> {
    if (this.session.current?.state === "recording") return this.goOn();
    await this.turnOnCamera();
  }

  /** Shows what the camera sees before a session, where that needs no question. */
  async preview(): Promise<void> {
    if (screenOf(this.model) === "ready" && !document.hidden && (await isCameraAllowed())) await this.turnOnCamera();
  }

  async turnOnCamera(): Promise<void> {
    await this.camera();
    this.draw();
  }

  turnOffCamera(): void {
    closeCamera(this.model.stream);
    this.use(undefined);
  }

  /** Exchanges a code; the reason in words when that did not work. */
  async pair(code: string): Promise<string> {
    try {
      const pairing = await pair(code, await this.serial());
      await this.spool.keepSetting("pairing", pairing);
      await this.spool.forgetRefusals();
      const notices = await known(this.spool, pairing);
      Object.assign(this.model, { pairing, notices, revoked: false, newCode: "", reached: undefined, consentProblem: "" });
      await this.refresh();
      this.delivery.retryNow();
      void this.report();
      await this.preview();
      return "";
    } catch (error) {
      return error instanceof Error && "detail" in error && error.detail ? String(error.detail) : "No network. Try again when there is one.";
    }
  }

  /** What can be begun: as last told, and then as the server says now. */
  async lookForTasks(): Promise<void> {
    const { pairing } = this.model;
    if (!pairing) return;
    const told = await askForTasks(this.spool, pairing.token, pairing.seat_id);
    this.model.tasks = told ?? (await knownTasks(this.spool, pairing.seat_id));
    if (!this.model.tasks.some(({ id }) => id === this.model.task)) this.model.task = "";
    this.draw();
  }

  /** Reads anew what is in the spool, and draws. */
  async refresh(): Promise<void> {
    [this.model.sessions, this.model.waiting] = await Promise.all([this.spool.sessions(), this.spool.waiting()]);
    this.draw();
  }

  /** What the server answered before a session. */
  async reached(reached: Reached): Promise<void> {
    const { model } = this;
    model.reached = reached;
    if (reached === "revoked") return this.shutOut();
    model.network = reached === "lost" ? "lost" : "reached";
    if (typeof reached === "object" && model.pairing) model.notices = await told(this.spool, model.pairing, reached.facts);
  }

  /** The wearer agrees. */
  async agree(): Promise<void> {
    const { pairing, notices } = this.model;
    if (!pairing || !notices) return;
    this.model.consentProblem = await accept(this.spool, pairing, notices);
    if (this.model.consentProblem) await this.reached(await askServer(pairing.token));
    this.draw();
  }

  private async firstAnswer(): Promise<void> {
    const { pairing, notices, reached } = this.model;
    if (!pairing || notices || reached) return;
    const late = new Promise<undefined>((done) => setTimeout(done, FIRST_ANSWER_MS));
    const answer = await Promise.race([askServer(pairing.token), late]);
    if (answer) await this.reached(answer);
  }

  shutOut(): void {
    this.model.revoked = true;
    this.draw();
  }

  async report(): Promise<void> {
    if (this.model.pairing && !this.model.revoked) await report(this.spool, this.model.pairing).catch(() => {});
  }

  private async camera(): Promise<MediaStream | undefined> {
    const { stream } = this.model;
    if (stream?.getTracks().every((track) => track.readyState === "live")) return stream;
    try {
      this.use(await openCamera());
      this.model.noCamera = undefined;
    } catch (error) {
      this.model.noCamera = error instanceof NoCamera ? error.why : "busy";
    }
    this.draw();
    return this.model.noCamera ? undefined : this.model.stream;
  }

  private use(stream: MediaStream | undefined): void {
    this.model.stream = stream;
    this.level.listen(stream);
    for (const video of document.querySelectorAll<HTMLVideoElement>("[data-preview]")) {
      video.srcObject = stream ?? null;
      video.hidden = !stream;
      if (stream) void video.play().catch(() => {});
    }
  }

  private trouble(what: "stalled" | "disk" | undefined): void {
    const text = what ? TROUBLE[what] : "";
    if (text && text !== this.model.trouble) say(text);
    this.model.trouble = text;
    this.draw();
  }

  private told({ network, busy, revoked, changed, delivered, noMinutes }: Outcome): void {
    if (network) Object.assign(this.model, { network, busy: busy ?? "" });
    if (revoked) this.model.revoked = true;
    if (noMinutes) {
      this.model.notice = `${NO_MINUTES} What is recorded is kept on this device and sent in a few minutes.`;
      say(NO_MINUTES);
    }
    if (changed || delivered) void this.refresh();
    else this.draw();
    if (delivered) void this.report();
  }

  private async heartbeat(): Promise<void> {
    const { pairing, session, revoked } = this.model;
    const id = session?.current && (await this.spool.session(session.current.key))?.id;
    if (!id || !pairing || revoked) return;
    await call("POST", `/api/v1/sessions/${id}/heartbeat`, { token: pairing.token }).catch((error: unknown) => {
      if (error instanceof Revoked) this.shutOut();
    });
  }

  private async lookAtRoom(): Promise<void> {
    const minutes = await minutesOfRoom();
    this.model.room = minutes !== undefined && minutes < FEW_MINUTES ? `Storage is nearly full: about ${minutes} min are left.` : "";
    if (["recording", "ready"].includes(screenOf(this.model))) this.draw();
  }

  private disarm(): void {
    if (!this.model.deleteArmed) return;
    this.model.deleteArmed = false;
    this.draw();
  }

  /** A number of the device's own, as a browser tells none. */
  private async serial(): Promise<string> {
    const known = await this.spool.setting<string>("serial");
    if (known) return known;
    const serial = `web-${crypto.randomUUID().slice(0, 8)}`;
    await this.spool.keepSetting("serial", serial);
    return serial;
  }

}
