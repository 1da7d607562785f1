// OpenFX's host library, whose headers want to be included in this order.
#pragma once

// clang-format off
#include <cstring>
#include <ofxCore.h>
#include <ofxImageEffect.h>
#include <ofxPixels.h>
#include <ofxhBinary.h>
#include <ofxhPropertySuite.h>
#include <ofxhClip.h>
#include <ofxhParam.h>
#include <ofxhMemory.h>
#include <ofxhImageEffect.h>
#include <ofxhPluginAPICache.h>
#include <ofxhPluginCache.h>
#include <ofxhHost.h>
#include <ofxhImageEffectAPI.h>
// clang-format on
