export {
  type ClipFeatures,
  type DescriptorBlock,
  type DescriptorLayout,
  type DescriptorOptions,
  describeClip,
  descriptorLayout,
} from './descriptor.js'
export { DESCRIPTORS, type DescriptorForm, describeMotion } from './motion.js'
