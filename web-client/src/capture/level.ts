// How loud the microphone is.

const SAMPLES = 2048;

export class Level {
  private context: AudioContext | undefined;
  private analyser: AnalyserNode | undefined;
  private source: MediaStreamAudioSourceNode | undefined;
  private readonly samples = new Float32Array(SAMPLES);

  /** Listens to another stream. Until somebody has touched the page some browsers give silence. */
  listen(stream: MediaStream | undefined): void {
    this.source?.disconnect();
    this.source = undefined;
    if (!stream?.getAudioTracks().length) return;
    this.context ??= new AudioContext();
    this.analyser ??= new AnalyserNode(this.context, { fftSize: SAMPLES });
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
    void this.context.resume();
  }

  /** 0 (-60 dB and below) to 1 (full scale); `undefined` when nothing can be heard. */
  now(): number | undefined {
    if (!this.source || !this.analyser || this.context?.state !== "running") return undefined;
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES;
    return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-12)) / 60));
  }

  /** A touch of the page lets it hear. */
  touched(): void {
    void this.context?.resume();
  }
}
