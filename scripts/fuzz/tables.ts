import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDataSet } from '#lib/dataset/index.js'
import { sha256 } from '#lib/run/store.js'
import type { Target } from './targets.js'

/** Names that tables have in data sets, each with a meaning of its own. */
const NAMES = [
  ...['list.csv', 'list.txt', 'FileList.csv', 'MeasurementsList.csv', 'metadata.csv', 'train.csv', 'val.tsv'],
  ...['ucfTrainTestlist/trainlist01.txt', 'ucfTrainTestlist/classInd.txt'],
]

/** A folder of a few clips, which are never opened. */
const folder = mkdtempSync(join(tmpdir(), 'infomotion-tables-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const path of ['a.avi', 'b.mp4', 'c/d.avi', 'Videos/0XA.avi', 'Videos/0XB.avi', 'Archery/v_Archery_g01_c01.avi']) {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), '')
}

/** A table of a data set, under a name that depends on its bytes; read with all that it leads to. */
export const tables: Target = {
  corpus: [
    'a.avi 0\nb.mp4 1\nc/d.avi 1\n',
    'path,label,start,end\na.avi,x,0,1.5\na.avi,y,1.5,3\nb.mp4,x,,\n',
    'file_name,label,text\na.avi,x,"one, two"\nb.mp4,y,\n',
    'FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split\n0XA,55.2,30,67,112,112,50,100,TRAIN\n0XB,12,9,10,112,112,50,1,VAL\n',
    'HashedFileName,Calc,CalcValue,Frame,X1,X2,Y1,Y2,Frames,FPS,Width,Height,split\n0XA,IVSd,1.0,3,1,2,3,4,90,50,112,112,train\n0XA,LVIDd,4.1,3,1,2,3,4,90,50,112,112,train\n',
    'label,youtube_id,time_start,time_end,split\nx,a,0,10,train\ny,b,1,11,validate\n',
    'Archery/v_Archery_g01_c01.avi 1\nArchery/v_Archery_g01_c02.avi 1\n',
    '1 Archery\n2 Bowling\n',
    'video;start_frame;end_frame;class;patient\na.avi;1;20;x;p1\nb.mp4;5;9;y;p2\n',
  ].map((text) => Buffer.from(text)),
  words: [
    ...[
      '"',
      ',',
      ';',
      '\t',
      '\r\n',
      '\0',
      ' ',
      'NaN',
      '-1',
      '1e999',
      '00:01:02.5',
      '999999999999',
      '__proto__',
      '../a.avi',
    ],
    ...['/etc/passwd', 'a.avi', 'start', 'end', 'label', 'path', '.avi', '\u202e', '\ufeff', 'train', 'frames', '1-5'],
  ].map((text) => Buffer.from(text)),
  share: 0.02,
  async read(input) {
    const name = NAMES[Number.parseInt(sha256(input).slice(0, 8), 16) % NAMES.length]
    const path = join(folder, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, input)
    try {
      const { clips } = await readDataSet(folder, { allowMissing: true })
      for (const { path } of clips)
        if (!path.startsWith(`${folder}/`)) throw new Error(`broken promise: ${path} is outside the data set`)
    } finally {
      rmSync(path)
      rmSync(join(folder, 'ucfTrainTestlist'), { recursive: true, force: true })
    }
  },
}
