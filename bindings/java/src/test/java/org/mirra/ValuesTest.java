package org.mirra;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.Color;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Values of parameters. */
class ValuesTest {
  @Test
  void objectsBecomeJson() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("flag", true);
    values.put("count", 3);
    values.put("level", 0.5);
    values.put("text", "a\"b\\c\n\u00e9");
    values.put("file", Path.of("lut.cube"));
    values.put("tint", new Color(1, 2, 255));
    values.put("veil", new Color(1, 2, 3, 4));
    assertEquals(
        "{\"flag\":true,\"count\":3,\"level\":0.5,\"text\":\"a\\\"b\\\\c\\u000a\u00e9\","
            + "\"file\":\"lut.cube\",\"tint\":\"#0102ff\",\"veil\":\"#01020304\"}",
        Values.json(values));
    assertThrows(IllegalArgumentException.class, () -> Values.json(Map.of("x", Double.NaN)));
  }

  @Test
  void impossibleValuesAreRefused() {
    try (Session session = Fixtures.ENGINE.session("denoise")) {
      assertThrows(IllegalArgumentException.class, () -> session.set("sigma", null));
      assertThrows(IllegalArgumentException.class, () -> session.set("sigma", new int[1]));
      assertThrows(IllegalArgumentException.class, () -> session.set("sigma\0", 1));
      assertThrows(MirraException.class, () -> session.set("sigma", Double.NaN));
      assertThrows(MirraException.class, () -> session.set(null, 1));
      assertEquals("auto", session.get("sigma"));
    }
  }
}
