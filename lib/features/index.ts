export {
  type ClipFeatures,
  type DescriptorBlock,
  type DescriptorLayout,
  type DescriptorOptions,
  describeClip,
  descriptorLayout,
} from './descriptor.js'
