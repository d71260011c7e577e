package dev.qanat.web;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where requests come from. */
final class Addresses {
    private static final int NETWORK_BYTES = 8;

    private Addresses() {}

    /** Whether the other end of the connection is on this machine, whatever a header says of it. */
    static boolean loopback(HttpServerRequest request) {
        InetAddress address = numeric(host(request.connection().remoteAddress()));
        return address != null && address.isLoopbackAddress();
    }

    /** Whether a numeric address is of this machine. */
    static boolean loopback(String address) {
        InetAddress numeric = numeric(address);
        return numeric != null && numeric.isLoopbackAddress();
    }

    /**
     * Who is told from whom when keys are tried: the client's address; in IPv6 its network, of which it may have every address. A
     * header counts where Quarkus is told to heed it.
     */
    static String client(HttpServerRequest request) {
        String text = host(request.remoteAddress());
        InetAddress address = numeric(text);
        if (address instanceof Inet6Address) {
            return Arrays.toString(Arrays.copyOf(address.getAddress(), NETWORK_BYTES));
        }
        return text;
    }

    /** The client's address for people. */
    static String shown(HttpServerRequest request) {
        return host(request.remoteAddress());
    }

    private static String host(@Nullable SocketAddress address) {
        if (address == null) {
            return "";
        }
        // What a proxy names need not be an address.
        return address.hostAddress() == null ? address.host() : address.hostAddress();
    }

    /** Null for what is no numeric address: no name is looked up. */
    private static @Nullable InetAddress numeric(String text) {
        if (!text.matches("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%\\w+)?")) {
            return null;
        }
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
