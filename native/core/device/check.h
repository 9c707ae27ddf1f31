// A device that computes wrong must not be used, whatever the cause: broken hardware, an overclocked card, a driver's
// compiler, a fault of ours on a machine that we never saw.
#pragma once

#include <string>

#include "device/plugin_interface.h"

namespace infomotion::device {

// Computes something small on device and CPU. Why the device is not to be used; empty: it agrees.
std::string check(const InfomotionPlugin& table);

}  // namespace infomotion::device
