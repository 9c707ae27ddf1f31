import { Random } from '../runtime/random.js'
import { yieldToEventLoop } from '../runtime/yield.js'

/** Eigenvalues in descending order, and their eigenvectors row by row. */
interface Eigen {
  values: Float64Array
  vectors: Float64Array
}

/** Vectors carried beside the wanted ones: they speed up convergence (Halko, Martinsson and Tropp 2011, section 4.2). */
const OVERSAMPLING = 16
const MAX_ITERATIONS = 300
/** Jacobi needs about ten sweeps; the bound only guards against rounding that never settles. */
const MAX_SWEEPS = 50

/**
 * The largest eigenvalues of a symmetric positive semi-definite matrix with their eigenvectors, by subspace iteration
 * with Rayleigh-Ritz (Saad, Numerical Methods for Large Eigenvalue Problems, algorithm 5.3): multiply a block of
 * vectors by the matrix, orthonormalise, solve the small problem in their span exactly, until the wanted eigenvalues
 * stand still to 1e-10. Deterministic.
 *
 * @param matrix - n * n values
 * @param count - at most n
 */
export async function topEigenvectors(
  matrix: Float64Array,
  n: number,
  count: number,
  signal?: AbortSignal,
): Promise<Eigen> {
  const width = Math.min(n, count + OVERSAMPLING)
  const random = new Random(0, 'eigen')
  let block: Float64Array = Float64Array.from({ length: width * n }, () => random.gaussian())
  let values: Float64Array = new Float64Array(width)
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    await yieldToEventLoop(signal)
    orthonormalise(block, width, n)
    const image = multiply(matrix, block, width, n)
    const small = jacobi(innerProducts(block, image, width, n), width)
    const moved = values
      .subarray(0, count)
      .some((value, c) => Math.abs(value - small.values[c]) > 1e-10 * small.values[0])
    values = small.values
    if (!moved || width === n) {
      block = combine(small.vectors, block, width, n)
      break
    }
    block = combine(small.vectors, image, width, n)
  }
  return { values: values.slice(0, count), vectors: block.slice(0, count * n) }
}

/** Each row of `block` times the symmetric matrix. */
function multiply(matrix: Float64Array, block: Float64Array, width: number, n: number): Float64Array {
  const result = new Float64Array(width * n)
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let k = 0, a = i * n, b = c * n; k < n; k++) sum += matrix[a + k] * block[b + k]
      result[c * n + i] = sum
    }
  }
  return result
}

/** The width * width inner products of the rows of two blocks, made symmetric. */
function innerProducts(left: Float64Array, right: Float64Array, width: number, n: number): Float64Array {
  const result = new Float64Array(width * width)
  for (let a = 0; a < width; a++) {
    for (let b = 0; b < width; b++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += left[a * n + k] * right[b * n + k]
      result[a * width + b] += sum / 2
      result[b * width + a] += sum / 2
    }
  }
  return result
}

/** Rows of `block` combined with the coefficients that each row of `coefficients` holds. */
function combine(coefficients: Float64Array, block: Float64Array, width: number, n: number): Float64Array {
  const result = new Float64Array(width * n)
  for (let c = 0; c < width; c++)
    for (let b = 0; b < width; b++)
      for (let k = 0; k < n; k++) result[c * n + k] += coefficients[c * width + b] * block[b * n + k]
  return result
}

/** Gram-Schmidt, each row twice for accuracy; a row that depends on the ones before it becomes zero. */
function orthonormalise(block: Float64Array, width: number, n: number): void {
  for (let c = 0; c < width; c++) {
    const row = block.subarray(c * n, (c + 1) * n)
    const before = Math.hypot(...row)
    for (let pass = 0; pass < 2; pass++) {
      for (let b = 0; b < c; b++) {
        let sum = 0
        for (let k = 0; k < n; k++) sum += row[k] * block[b * n + k]
        for (let k = 0; k < n; k++) row[k] -= sum * block[b * n + k]
      }
    }
    const length = Math.hypot(...row)
    const scale = length > before * 1e-12 ? 1 / length : 0
    for (let k = 0; k < n; k++) row[k] *= scale
  }
}

/**
 * All eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Matrix
 * Computations, section 8.5). Changes `matrix`.
 */
function jacobi(matrix: Float64Array, n: number): Eigen {
  const rotation = new Float64Array(n * n)
  for (let i = 0; i < n; i++) rotation[i * n + i] = 1
  const off = () => {
    let sum = 0
    for (let p = 0; p < n; p++) for (let q = 0; q < p; q++) sum += matrix[p * n + q] ** 2
    return sum
  }
  const enough = matrix.reduce((sum, value) => sum + value * value, 0) * 1e-28
  for (let sweep = 0; sweep < MAX_SWEEPS && off() > enough; sweep++) {
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        if (matrix[p * n + q] === 0) continue
        const tau = (matrix[q * n + q] - matrix[p * n + p]) / (2 * matrix[p * n + q])
        const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau))
        const c = 1 / Math.sqrt(1 + t * t)
        const s = t * c
        for (let k = 0; k < n; k++) rotate(matrix, k * n + p, k * n + q, c, s)
        for (let k = 0; k < n; k++) rotate(matrix, p * n + k, q * n + k, c, s)
        for (let k = 0; k < n; k++) rotate(rotation, p * n + k, q * n + k, c, s)
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => matrix[b * n + b] - matrix[a * n + a] || a - b)
  const vectors = new Float64Array(n * n)
  order.forEach((from, to) => {
    vectors.set(rotation.subarray(from * n, (from + 1) * n), to * n)
  })
  return { values: Float64Array.from(order, (i) => matrix[i * n + i]), vectors }
}

function rotate(values: Float64Array, a: number, b: number, c: number, s: number): void {
  const x = values[a]
  const y = values[b]
  values[a] = c * x - s * y
  values[b] = s * x + c * y
}
