import { expectOneOf, expectOptions } from './expect.js'
import { runJob } from './job.js'
import { type NativeUsed, native } from './native.js'

/** Where work is done: `'auto'` on a GPU where one can be used, else on the CPU. */
export type Device = 'auto' | 'cpu' | 'cuda'

export const DEVICES = ['auto', 'cpu', 'cuda'] as const

/** One of {@link DEVICES}. */
export function expectDevice(value: unknown): Device {
  return expectOneOf(value, 'device', DEVICES)
}

/** Where a result was computed. */
export interface DeviceUsed {
  device: 'cpu' | 'cuda'
  /** With `'auto'` on the CPU: why not on a GPU. */
  deviceReason?: string
}

/** As results have it. */
export function deviceUsed({ device, reason }: NativeUsed): DeviceUsed {
  return reason === '' ? { device } : { device, deviceReason: reason }
}

/** Where `device` leads on this machine; `'cuda'` is not asked whether it can be used. */
export async function resolveDevice(device: Device, signal?: AbortSignal): Promise<'cpu' | 'cuda'> {
  if (device !== 'auto') return device
  return (await devices({ signal })).cuda.available ? 'cuda' : 'cpu'
}

/** What this machine can compute on. */
export interface DeviceReport {
  cpu: {
    /** Threads of the addon's pool: INFOMOTION_THREADS, else the number of processors. */
    threads: number
  }
  cuda: {
    /** Whether `device: 'cuda'` works, and `'auto'` takes it. */
    available: boolean
    /** Why not: no plugin, another version, no driver, no device, a device that computes wrong. */
    reason?: string
    /** The plugin's file, loaded or tried. */
    plugin?: string
    /** What the plugin was built for, as "CUDA 13.0". */
    runtime?: string
    /** `memory` in bytes; `capability` as "9.0". The first is used: `CUDA_VISIBLE_DEVICES` chooses another. */
    devices: { name: string; capability: string; multiprocessors: number; memory: number }[]
  }
}

/**
 * What this machine can compute on, and why not on a GPU where that is so. The first call loads the CUDA plugin
 * (`INFOMOTION_CUDA`: its path, or 0 for none; default: beside the addon) and checks the device's results against the
 * CPU's, which takes up to a few seconds where there is a GPU; it runs on the addon's pool.
 *
 * @example
 * ```js
 * import { devices } from 'infomotion'
 * const { cuda } = await devices()
 * console.log(cuda.available ? cuda.devices[0].name : `no GPU: ${cuda.reason}`)
 * ```
 */
export async function devices(options: { signal?: AbortSignal } = {}): Promise<DeviceReport> {
  expectOptions(options, 'devices', ['signal'])
  const { reason, plugin, runtime, devices } = await runJob(() => native().cudaStatus(), options.signal)
  return {
    cpu: { threads: native().threads },
    cuda: {
      available: reason === '',
      ...(reason !== '' && { reason }),
      ...(plugin !== '' && { plugin }),
      ...(runtime !== '' && { runtime }),
      devices,
    },
  }
}
