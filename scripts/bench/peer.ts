import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

/** A process of a peer on one thread: it tells its versions as a line of JSON, then answers one request a line with another. */
export class Peer {
  versions: Record<string, string> = {}
  private readonly process: ChildProcess
  private readonly lines: Interface
  private readonly answers: AsyncIterator<string>

  protected constructor(
    private readonly command: string,
    args: string[],
    private readonly words: (request: object) => string = JSON.stringify,
  ) {
    const env = {
      ...process.env,
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
      OPENCV_FFMPEG_CAPTURE_OPTIONS: 'threads;1',
    }
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
    this.lines = createInterface({ input: this.process.stdout! })
    this.answers = this.lines[Symbol.asyncIterator]()
  }

  /** Starts it. */
  static async open(command: string, args: string[]): Promise<Peer> {
    return new Peer(command, args).ready()
  }

  protected async ready(): Promise<this> {
    this.versions = await this.answer()
    return this
  }

  async ask<T>(request: object): Promise<T> {
    this.process.stdin!.write(`${this.words(request)}\n`)
    return this.answer()
  }

  stop(): void {
    this.process.stdin!.end()
  }

  private async answer<T>(): Promise<T> {
    const { value, done } = await this.answers.next()
    if (done) throw new Error(`the peer ended: ${this.command}`)
    return JSON.parse(value)
  }
}
