-- Calls what mirra.lua registers as darktable does, with a darktable of a few lines:
-- lua test_mirra.lua MIRRA PICTURE FOLDER
local program, picture, folder = arg[1], arg[2], arg[3]
local storage, said, errors, kept = nil, {}, {}, { program = program }

local function widget(kind)
  return function(values)
    values.kind = kind
    return values
  end
end

package.preload["darktable"] = function()
  return {
    configuration = { has_gui = true },
    new_widget = widget,
    print = function(text) said[#said + 1] = text end,
    print_error = function(text) errors[#errors + 1] = text end,
    preferences = {
      register = function() end,
      read = function(_, name, kind)
        assert(kind == "string")
        return kept[name] or ""
      end,
      write = function(_, name, _, value) kept[name] = value end,
    },
    register_storage = function(id, name, store, finalize, supported, initialize, box)
      storage = { id = id, name = name, store = store, finalize = finalize, supported = supported,
        initialize = initialize, box = box }
    end,
    destroy_storage = function(id) assert(storage.id == id); storage = nil end,
  }
end

local script = dofile(arg[0]:gsub("[^/]*$", "") .. "mirra.lua")
local quality, strength, sigma, chosen = table.unpack(storage.box)

local function export(files)
  local extra = {}
  local images = storage.initialize(storage, {}, files, true, extra)
  for number, file in ipairs(images) do
    storage.store(storage, {}, {}, file, number, #images, true, extra)
  end
  storage.finalize(storage, images, extra)
  return images, extra, said[#said]
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

assert(storage.supported(storage, { plugin_name = "png" }) and storage.supported(storage, { plugin_name = "tiff" }))
assert(not storage.supported(storage, { plugin_name = "exr" }))
assert(quality[quality.selected] == "balanced" and strength.value == 1 and sigma.text == "auto")

-- Two exports of one name: the second does not overwrite the first.
chosen.value, strength.value, sigma.text, quality.selected = folder, 0.5, "20", 1
local name = picture:match("[^/]+$")
for _ = 1, 2 do
  local _, extra, last = export({ picture })
  assert(extra.done == 1 and extra.failed == 0, last)
  assert(last:find("wrote 1 pictures", 1, true), last)
end
assert(exists(folder .. "/" .. name) and exists(folder .. "/" .. name:gsub("%.png$", "_01.png")))
assert(kept.strength == "0.5" and kept.sigma == "20" and kept.folder == folder and kept.quality == "fast")

-- A picture that fails does not stop the others, and the user reads why.
local _, extra, last = export({ folder .. "/none.png", picture })
assert(extra.done == 1 and extra.failed == 1)
assert(last:find("1 pictures failed, 1 are done", 1, true) and last:find("does not exist", 1, true), last)
assert(#errors == 1)
sigma.text = "much"
_, extra, last = export({ picture })
assert(extra.failed == 1 and last:find("sigma", 1, true), last)
sigma.text = ""

-- Without the program or a folder nothing is exported.
kept.program = folder .. "/no program"
assert(#export({ picture }) == 0 and errors[#errors]:find("Lua options", 1, true))
kept.program, chosen.value = program, ""
assert(#export({ picture }) == 0 and said[#said - 1]:find("choose a folder", 1, true), said[#said - 1])

script.destroy()
assert(storage == nil)
print("mirra.lua does what darktable asks of a storage")
