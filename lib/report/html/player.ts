/**
 * The one script of the page: draws the film strips on their canvases at the clip's speed. Only clips in view are
 * drawn. Starts playing, unless the reader prefers reduced motion. Plain text, since the page must carry it; the
 * page's policy names its hash.
 */
export const player = `
(() => {
  const playAll = document.getElementById('play-all')
  if (!playAll) return
  const clips = []

  function draw(clip, frame) {
    const { canvas, strip, columns } = clip
    const { width, height } = canvas
    clip.frame = (frame + clip.frames) % clip.frames
    const x = (clip.frame % columns) * width
    const y = Math.floor(clip.frame / columns) * height
    canvas.getContext('2d').drawImage(strip, x, y, width, height, 0, 0, width, height)
  }

  function setPlaying(clip, playing) {
    clip.playing = playing
    clip.start = undefined
    clip.button.setAttribute('aria-pressed', playing)
    playAll.textContent = clips.some((other) => other.playing) ? 'Pause all' : 'Play all'
  }

  function tick(now) {
    for (const clip of clips) {
      if (!clip.playing || !clip.visible) {
        clip.start = undefined
        continue
      }
      clip.start ??= now - (clip.frame * 1000) / clip.fps
      const frame = Math.floor(((now - clip.start) * clip.fps) / 1000) % clip.frames
      if (frame !== clip.frame) draw(clip, frame)
    }
    requestAnimationFrame(tick)
  }

  const inView = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const clip = clips.find(({ button }) => button === target)
      if (clip) clip.visible = isIntersecting
    }
  })

  async function open(button) {
    const strip = button.querySelector('img')
    const canvas = button.querySelector('canvas')
    const { frames, columns, fps } = button.dataset
    const clip = { button, strip, canvas, frames: +frames, columns: +columns, fps: +fps, frame: 0, visible: true }
    await strip.decode()
    draw(clip, 0)
    canvas.hidden = false
    strip.hidden = true
    clips.push(clip)
    inView.observe(button)
    button.addEventListener('click', () => setPlaying(clip, !clip.playing))
    button.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (!step) return
      event.preventDefault()
      setPlaying(clip, false)
      draw(clip, clip.frame + step)
    })
  }

  const buttons = [...document.querySelectorAll('button[data-frames]')]
  Promise.allSettled(buttons.map(open)).then(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    for (const clip of clips) setPlaying(clip, !still)
    playAll.addEventListener('click', () => {
      const playing = !clips.some((clip) => clip.playing)
      for (const clip of clips) setPlaying(clip, playing)
    })
    playAll.parentElement.hidden = false
    requestAnimationFrame(tick)
  })
})()
`
