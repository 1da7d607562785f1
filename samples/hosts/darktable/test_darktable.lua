-- Runs in darktable itself, without a window: darktable-cli ... --luacmd 'dofile("test_darktable.lua")'. Exports a picture with
-- 16 bits through mirra.lua. In the environment: MIRRA, PICTURE, FOLDER; the outcome goes to FOLDER/outcome.
local real = require "darktable"
local folder = os.getenv("FOLDER")
local store, initialize

-- darktable, which also tells us what is registered.
package.loaded["darktable"] = setmetatable({
  register_storage = function(id, name, store_one, finalize, supported, initialize_all, widget)
    store, initialize = store_one, initialize_all
    real.register_storage(id, name, store_one, finalize, supported, initialize_all, widget)
  end,
}, { __index = real })

local good, problem = pcall(function()
  dofile(os.getenv("SCRIPT"))
  real.preferences.write("mirra_denoise", "program", "string", os.getenv("MIRRA"))
  real.preferences.write("mirra_denoise", "folder", "string", folder)
  local image = real.database.import(os.getenv("PICTURE"))
  local format, extra = real.new_format("png"), {}
  format.bpp = 16
  assert(#initialize(nil, format, { image }, true, extra) == 1, "nothing is to be exported")
  local written = folder .. "/written/exported.png"
  format:write_image(image, written)
  store(nil, image, format, written, 1, 1, true, extra)
  assert(extra.done == 1, extra.reason)
end)

local outcome = io.open(folder .. "/outcome", "w")
outcome:write(good and "good" or tostring(problem))
outcome:close()
