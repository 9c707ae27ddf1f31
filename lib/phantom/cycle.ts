import type { Patient } from './patient.js'

/** Durations of one beat in seconds, in their order, adding up to the beat. */
interface Beat {
  period: number
  /** Both valves closed, the volume stays: longer than a frame, so that a frame shows end diastole exactly. */
  isovolumicContraction: number
  ejection: number
  /** The same at end systole. */
  isovolumicRelaxation: number
  earlyFilling: number
  diastasis: number
  atrialKick: number
}

/** Share of the stroke that flows back in early filling; the atrium's contraction moves the rest. */
const EARLY_SHARE = 0.72

function beatOf({ scan }: Patient): Beat {
  const period = 60 / scan.heartRate
  const still = 1.05 / scan.fps
  const isovolumicContraction = Math.max(0.045, still)
  const isovolumicRelaxation = Math.max(0.06, still)
  const ejection = 0.29 * Math.sqrt(period) // as Bazett's QT grows
  const filling = period - isovolumicContraction - ejection - isovolumicRelaxation
  const earlyFilling = Math.min(0.19, 0.5 * filling)
  const atrialKick = Math.min(0.13, 0.35 * filling)
  const diastasis = filling - earlyFilling - atrialKick
  return { period, isovolumicContraction, ejection, isovolumicRelaxation, earlyFilling, diastasis, atrialKick }
}

/** Where the heart is in its beat. */
export interface Phase {
  /** 0 at end diastole, 1 at end systole: the exponent of the volume's fall (see motion.ts). */
  contraction: number
  /** How far the mitral valve is open, 0..1. */
  valve: number
}

/** The heart's phase in each frame. */
export function phasesOf(patient: Patient): Phase[] {
  const beat = beatOf(patient)
  return Array.from({ length: patient.scan.frames }, (_, frame) => {
    const beats = patient.scan.startPhase + frame / patient.scan.fps / beat.period
    return phaseAt(beat, (beats - Math.floor(beats)) * beat.period)
  })
}

function phaseAt(beat: Beat, seconds: number): Phase {
  let left = seconds - beat.isovolumicContraction
  if (left < 0) return { contraction: 0, valve: 0 }
  if (left < beat.ejection) return { contraction: ease(left / beat.ejection), valve: 0 }
  left -= beat.ejection
  if (left < beat.isovolumicRelaxation) return { contraction: 1, valve: 0 }
  left -= beat.isovolumicRelaxation
  if (left < beat.earlyFilling) {
    const part = left / beat.earlyFilling
    return { contraction: 1 - EARLY_SHARE * ease(part), valve: Math.min(1, 4 * part) }
  }
  left -= beat.earlyFilling
  const rest = 1 - EARLY_SHARE
  if (left < beat.diastasis) return { contraction: rest, valve: 1 - 0.6 * ease(left / beat.diastasis) }
  const part = (left - beat.diastasis) / beat.atrialKick
  return { contraction: rest * (1 - ease(part)), valve: part < 0.5 ? 0.4 + 0.8 * part : 1.6 * (1 - part) }
}

/** From 0 to 1 with no jump in speed. */
function ease(part: number): number {
  return (1 - Math.cos(Math.PI * part)) / 2
}
