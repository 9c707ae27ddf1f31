import { Random } from '../runtime/random.js'

/** Frames are SIZE x SIZE pixels, as EchoNet-Dynamic's. */
export const SIZE = 112

/**
 * A made-up patient and the scan of it. Everything but `ef` is drawn without looking at `ef`, so that only motion can
 * tell the ejection fraction. Lengths are in px, at end diastole; angles in radians.
 */
export interface Patient {
  /** Ejection fraction, 0..1. */
  ef: number
  scan: { fps: number; frames: number; heartRate: number; startPhase: number; mmPerPixel: number }
  /** Left ventricle: a truncated ellipse of this length and half width, and how much of its shortening is lengthwise. */
  ventricle: { length: number; halfWidth: number; lengthwise: number }
  /** Wall thickness at the septum, the free wall and the apex, and the share of the inner motion the outside follows. */
  wall: { septum: number; free: number; apex: number; follows: number }
  atrium: { length: number; halfWidth: number }
  /** Half width of the right heart. */
  right: { halfWidth: number; length: number }
  /** Where the ventricle's apex is and how its axis leans. */
  pose: { x: number; y: number; tilt: number }
  /** Breathing and the hand: a slow translation and rotation. `swing`: the heart's own, with the beat. */
  probe: { x: number; y: number; turn: number; hertz: number; phase: number; swing: [number, number] }
  sector: { x: number; y: number; halfAngle: number; near: number; far: number }
  image: {
    gain: number
    contrast: number
    /** Grey levels lost from top to bottom. */
    attenuation: number
    noise: number
    /** Size of the speckles; 1 is usual. */
    speckle: number
    /** Exponent of the grey curve; 1 is straight. */
    gamma: number
    /** Shadows: direction, half angle, depth from which, grey levels lost. */
    dropouts: { angle: number; halfAngle: number; from: number; loss: number }[]
  }
}

/**
 * How different the scans of a data set are: `usual`, like one laboratory's; `wide`, like those of many scanners, probes
 * and hands, for training a network that is to meet others.
 */
export const VARIETIES = ['usual', 'wide'] as const
export type Variety = (typeof VARIETIES)[number]

/** EF in percent that each class of `ef5` is drawn from: every class is as wide as hearts have it. */
const CLASS_RANGES = [
  [12, 29.5],
  [30.5, 39.5],
  [40.5, 49.5],
  [51, 69],
  [71, 82],
]

/**
 * Draws one patient. Of each five in a row (`index` / 5) of one split, one belongs to each class of `ef5`, in random
 * order: the classes are balanced for any number of clips, and a clip does not depend on how many others there are.
 */
export function drawPatient(seed: number, split: string, index: number, variety: Variety = 'usual'): Patient {
  const order = new Random(seed, 'phantom', split, 'classes', Math.floor(index / 5)).shuffle([0, 1, 2, 3, 4])
  const [low, high] = CLASS_RANGES[order[index % 5]]
  const ef = new Random(seed, 'phantom', split, 'ef', index).range(low, high) / 100
  const random = new Random(seed, 'phantom', split, 'patient', index)
  const within = (from: number, to: number) => random.range(from, to)
  const spread = (by: number) => random.range(-by, by)

  const fps = Math.round(within(30, 80))
  const frames = Math.round(Math.min(Math.max(within(1.5, 3) * fps, 60), 120))
  const size = Math.exp(spread(0.36)) // of the whole left ventricle
  const length = 50 * size ** 0.6 * Math.exp(spread(0.08))
  const halfWidth = 15.5 * size * Math.exp(spread(0.12))
  const thickness = within(4.5, 10)
  const patient: Patient = {
    ef,
    scan: {
      fps,
      frames,
      heartRate: within(52, 100),
      startPhase: random.uniform(),
      mmPerPixel: within(1.3, 1.55),
    },
    ventricle: { length, halfWidth, lengthwise: within(0.2, 0.32) },
    wall: {
      septum: thickness * within(0.9, 1.1),
      free: thickness * within(0.9, 1.1),
      apex: thickness * 0.8,
      follows: within(0.2, 0.45),
    },
    atrium: { length: within(24, 32), halfWidth: within(12, 18) },
    right: { halfWidth: within(16, 24), length: within(0.6, 0.8) },
    pose: { x: 59 + spread(6), y: within(12, 24), tilt: 0.06 + spread(0.16) },
    probe: {
      x: within(0, 1.5),
      y: within(0, 1.5),
      turn: within(0, 0.02),
      hertz: within(0.15, 0.4),
      phase: within(0, 2 * Math.PI),
      swing: [spread(1.5), spread(1.5)],
    },
    sector: { x: 56, y: -3, halfAngle: within(0.68, 0.78), near: 7, far: within(105, 111) },
    image: {
      gain: spread(18),
      contrast: within(0.8, 1.15),
      attenuation: within(0, 28),
      noise: within(3, 8),
      speckle: 1,
      gamma: 1,
      dropouts: Array.from({ length: 1 + random.below(3) }, () => ({
        angle: spread(0.7),
        halfAngle: within(0.04, 0.12),
        from: within(5, 50),
        loss: within(15, 55),
      })),
    },
  }
  return variety === 'wide' ? widen(patient, new Random(seed, 'phantom', split, 'wide', index)) : patient
}

/** The same heart under another scanner and another hand, and at another pace (domain randomisation, Tobin et al. 2017). */
function widen(patient: Patient, random: Random): Patient {
  const within = (from: number, to: number) => random.range(from, to)
  const spread = (by: number) => random.range(-by, by)
  const { scan, pose, sector, image, probe } = patient
  const fps = Math.round(within(20, 100))
  return {
    ...patient,
    scan: {
      ...scan,
      fps,
      frames: Math.round(Math.min(Math.max(within(1.5, 3) * fps, 40), 200)),
      heartRate: within(40, 130),
    },
    pose: { x: pose.x + spread(10), y: pose.y + spread(8), tilt: pose.tilt + spread(0.3) },
    probe: { ...probe, x: within(0, 3), y: within(0, 3), turn: within(0, 0.05), swing: [spread(3), spread(3)] },
    sector: {
      x: sector.x + spread(8),
      y: sector.y + spread(8),
      halfAngle: within(0.5, 0.95),
      near: within(3, 14),
      far: within(90, 125),
    },
    image: {
      gain: image.gain + spread(20),
      contrast: within(0.4, 1.6),
      attenuation: within(0, 60),
      noise: within(1, 18),
      speckle: Math.exp(spread(0.6)),
      gamma: Math.exp(spread(0.5)),
      dropouts: Array.from({ length: random.below(6) }, () => ({
        angle: spread(0.9),
        halfAngle: within(0.03, 0.2),
        from: within(0, 70),
        loss: within(15, 90),
      })),
    },
  }
}
