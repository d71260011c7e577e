package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Which hosts APIs may be on: any with a public address, and those that the operator allows by name, whatever their address. Asked for
 * every connection, so that a name which changes its address does not get through. Safe for use by several threads.
 */
@ApplicationScoped
public class PublicAddresses implements DnsResolver {

    private final List<String> allowed;

    /** In the demo this machine stands in for the APIs. */
    PublicAddresses(Settings settings, @ConfigProperty(name = "quarkus.http.host") String host) {
        this.allowed = Stream.concat(
                        settings.allowedHosts().orElse(List.of()).stream(),
                        settings.demo() ? Stream.of("127.0.0.1", host) : Stream.empty())
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .toList();
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        InetAddress[] all = SystemDefaultDnsResolver.INSTANCE.resolve(host);
        if (isAllowed(host)) {
            return all;
        }
        List<InetAddress> reachable = new ArrayList<>();
        for (InetAddress address : all) {
            if (isPublic(address)) {
                reachable.add(address);
            }
        }
        if (reachable.isEmpty()) {
            throw new InputFailure(
                    Code.HOST_NOT_ALLOWED,
                    "host '" + host + "' is on this machine or a private network; QANAT_ALLOWED_HOSTS names those that may be reached");
        }
        return reachable.toArray(InetAddress[]::new);
    }

    @Override
    public String resolveCanonicalHostname(String host) throws UnknownHostException {
        return SystemDefaultDnsResolver.INSTANCE.resolveCanonicalHostname(host);
    }

    private boolean isAllowed(String host) {
        String name = host.toLowerCase(Locale.ROOT).replaceAll("^\\[|]$|\\.$", "");
        return allowed.stream().anyMatch(pattern -> pattern.startsWith("*.")
                ? name.endsWith(pattern.substring(1))
                : name.equals(pattern));
    }

    /** Whether an address belongs to nobody's own network: not to this machine, a link, a private range, or a protocol. */
    static boolean isPublic(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        return address instanceof Inet4Address ? isPublic4(bytes) : isPublic6(bytes);
    }

    private static boolean isPublic4(byte[] bytes) {
        int first = bytes[0] & 0xff;
        int second = bytes[1] & 0xff;
        int third = bytes[2] & 0xff;
        return first != 0
                && first < 240                                              // reserved, broadcast
                && !(first == 100 && second >= 64 && second < 128)          // carriers' NAT, RFC 6598
                && !(first == 192 && second == 0 && third == 0)             // protocols, RFC 6890
                && !(first == 198 && (second == 18 || second == 19));       // benchmarks, RFC 2544
    }

    /** Only 2000::/3 is given out; what carries an IPv4 address is as public as that is. */
    private static boolean isPublic6(byte[] bytes) {
        if ((bytes[0] & 0xff) == 0 && (bytes[1] & 0xff) == 0x64 && (bytes[2] & 0xff) == 0xff && (bytes[3] & 0xff) == 0x9b) {
            return isPublicWithin(bytes, 12);                               // NAT64, RFC 6052
        }
        if ((bytes[0] & 0xff) == 0x20 && (bytes[1] & 0xff) == 0x02) {
            return isPublicWithin(bytes, 2);                                // 6to4, RFC 3056
        }
        return (bytes[0] & 0xe0) == 0x20;
    }

    private static boolean isPublicWithin(byte[] bytes, int offset) {
        try {
            return isPublic(InetAddress.getByAddress(
                    new byte[] {bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]}));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
