package dev.qanat.records;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides whether a text format's first row is a header, and what its fields are called. */
final class Header {
    private final Optional<Boolean> told;
    private final List<String> declared;
    private final Set<String> names = new HashSet<>();

    Header(Optional<Boolean> told, Declared declared) {
        this.told = told;
        this.declared = declared.fields();
        for (String name : declared.names()) {
            names.add(folded(name));
        }
    }

    /** How many fields a row without a header is declared to have; 0 when that is not declared. */
    int declaredCount() {
        return declared.size();
    }

    /** Whether a cell is a name by which the contract knows a header. */
    boolean isHeader(List<@Nullable String> row) {
        for (String cell : row) {
            if (cell != null && names.contains(folded(cell))) {
                return true;
            }
        }
        return false;
    }

    /** Whether the first row names the fields: as told, else if nothing is declared or a declared name is in it. */
    boolean isFirst(List<@Nullable String> row) {
        return told.orElseGet(() -> names.isEmpty() && declared.isEmpty() || isHeader(row));
    }

    /** The names of a file without a header. */
    List<String> byPosition(int count) {
        return declared.isEmpty() ? unique(Collections.nCopies(count, "")) : declared;
    }

    /** Trims names, calls empty ones {@code column_<n>}, and numbers those that come twice: {@code name}, {@code name_2}. */
    static List<String> unique(List<@Nullable String> cells) {
        List<String> names = new ArrayList<>(cells.size());
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i);
            String name = cell == null ? "" : cell.strip();
            names.add(name.isEmpty() ? "column_" + (i + 1) : name);
        }
        // A number must not make a name that another column already has.
        Set<String> reserved = new HashSet<>(names);
        Set<String> used = new LinkedHashSet<>();
        for (String name : names) {
            String candidate = name;
            for (int n = 2; used.contains(candidate) || n > 2 && reserved.contains(candidate); n++) {
                candidate = name + "_" + n;
            }
            used.add(candidate);
        }
        return List.copyOf(used);
    }

    private static String folded(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }
}
