package dev.qanat.web;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the header {@code Accept} asks for. */
public final class Accepted {

    private Accepted() {}

    /** Whether CSV is named, and JSON not before it; where anything will do it is JSON. */
    public static boolean csv(@Nullable String accept) {
        double csv = 0;
        double json = 0;
        for (String range : accept == null ? new String[0] : accept.split(",", 100)) {
            String type = range.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
            if (type.equals("text/csv") && csv == 0) {
                // Of two that are wanted alike, the one named first.
                csv = quality(range) > json ? quality(range) : 0;
            } else if (type.equals("application/json")) {
                json = Math.max(json, quality(range));
            }
        }
        return csv > 0 && csv >= json;
    }

    private static double quality(String range) {
        for (String parameter : range.split(";")) {
            String text = parameter.strip();
            if (text.matches("[qQ]=[01](\\.\\d{0,3})?")) {
                return Double.parseDouble(text.substring(2));
            }
        }
        return 1;
    }
}
