// The export table. One file a noun; each adds its functions here. The TypeScript side of this contract is
// lib/runtime/native.ts.
#include <napi.h>

#include "async.h"
#include "device.h"
#include "features.h"
#include "flow.h"
#include "graph.h"
#include "infomap.h"
#include "network.h"
#include "runtime/isa.h"
#include "runtime/thread_pool.h"
#include "select.h"
#include "train.h"
#include "video.h"

namespace infomotion::node {

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  init_async(env);
  init_device(env, exports);
  init_flow(env, exports);
  init_features(env, exports);
  init_graph(env, exports);
  init_infomap(env, exports);
  init_network(env, exports);
  init_select(env, exports);
  init_train(env, exports);
#ifdef INFOMOTION_JPEG
  init_video(env, exports);
#endif
  exports.Set("threads", Napi::Number::New(env, static_cast<double>(runtime::pool_threads())));
  exports.Set("isa", Napi::String::New(env, runtime::isa_name(runtime::current_isa())));
  return exports;
}

}  // namespace infomotion::node

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return infomotion::node::init(env, exports); }
NODE_API_MODULE(infomotion, Init)
