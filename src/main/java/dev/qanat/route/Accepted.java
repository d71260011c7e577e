package dev.qanat.route;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which of several types of content a client likes best, by its {@code Accept}. */
final class Accepted {

    private Accepted() {}

    /**
     * The type that the client prefers; where it likes several as much, the one it names first.
     *
     * @param accept null accepts everything
     * @param offered what there is; the first is for a client that names none of them
     */
    static String of(@Nullable String accept, List<String> offered) {
        String best = offered.get(0);
        double most = 0;
        for (String range : accept == null ? new String[0] : accept.toLowerCase(Locale.ROOT).split(",")) {
            // With a limit, so that there is a first part even of ";".
            String[] parts = range.split(";", 100);
            double quality = quality(parts);
            String type = offered(parts[0].strip(), offered);
            if (type != null && quality > most) {
                best = type;
                most = quality;
            }
        }
        return best;
    }

    private static @Nullable String offered(String range, List<String> offered) {
        String begin = range.endsWith("*") ? range.substring(0, range.length() - 1).replace("*/", "") : null;
        return offered.stream()
                .filter(type -> begin == null ? type.equals(range) : type.startsWith(begin))
                .findFirst()
                .orElse(null);
    }

    private static double quality(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip();
            if (parameter.matches("q=[01](\\.\\d{0,3})?")) {
                return Double.parseDouble(parameter.substring(2));
            }
        }
        return 1;
    }
}
