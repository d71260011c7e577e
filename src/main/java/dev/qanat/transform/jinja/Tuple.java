package dev.qanat.transform.jinja;

import java.util.AbstractList;
import java.util.List;

/** Python's tuple: a list that cannot be changed and is printed in parentheses. */
public final class Tuple extends AbstractList<Object> {
    private final List<Object> items;

    public Tuple(List<?> items) {
        this.items = List.copyOf(items);
    }

    @Override
    public Object get(int index) {
        return items.get(index);
    }

    @Override
    public int size() {
        return items.size();
    }
}
