//! Which fields a step may have.

/// Whether the runner looks at a field of a call.
#[expect(clippy::match_same_arms, reason = "a table")]
pub fn knows(call: &str, key: &str) -> bool {
    const LAYOUT: &str = "layout row_padding pixel_padding flip mirror order broadcast";
    const RUN: &str = "session inputs outputs results region scale cancel stop_after progress";
    let keys = match call {
        "engine" => "as plugin_path flags plugin_skip",
        "plugin" => "engine file expect",
        "device" => "engine index expect",
        "schema" => "engine task param port expect",
        "find_bundle" => "engine name",
        "bundle" => "engine as name file memory",
        "bundle_info" => "bundle expect",
        "session" => "engine as task quality bundle device memory_limit threads tile_size set",
        "set" => "session values",
        "set_text" => "session name text",
        "get" | "session_info" => "session expect",
        "reset" => "session name",
        "clone" => "as session",
        "plan" => "session width height expect",
        "required" => "session width height region expect",
        "submit" => "as",
        "wait" => "job seconds",
        "poll" => "job expect",
        "cancel" | "close" => "what",
        "cancel_token" => "as",
        "shutdown" => "engine seconds",
        "read" => "as file memory max_pixels equals",
        "create_picture" => "as width height format color equals",
        "picture_info" => "picture expect",
        "metadata" => "picture kind file",
        "write" => "picture held file memory options metadata",
        "noise" => "picture sigma seed equals",
        "estimate" => "picture expect",
        "compare" => "a b expect",
        "tensors" => "as from expect",
        "tensors_read" => "as file memory expect",
        "tensors_write" => "tensors file memory",
        "tensors_equal" => "tensors expect",
        "graph" => "as bundle graph inputs expect",
        "file_write" => "file from",
        "version" => "expect",
        _ => "",
    };
    let has = |keys: &str| keys.split(' ').any(|known| known == key);
    has("op error")
        || has(keys)
        || (matches!(call, "run" | "submit") && has(RUN))
        || (matches!(call, "write" | "noise" | "estimate" | "compare") && has(LAYOUT))
}
