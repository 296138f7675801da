import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A peer made of SSLSockets, one over the other; test/support/scripted-peer.ts says what it is told. */
public final class Peer {
    private static final char[] PASSWORD = "unused".toCharArray();

    /** The transport at the bottom, then the layers. */
    private final Deque<Socket> layers = new ArrayDeque<>();

    private Peer(Socket transport) {
        layers.push(transport);
    }

    /** A value of a command, which is a flat object; null where it has none. */
    private static String valueOf(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":(?:\"([^\"]*)\"|([^,}]*))").matcher(json);
        if (!found.find()) return null;
        return found.group(1) != null ? found.group(1) : found.group(2);
    }

    private static byte[] block(String pem, String kind) {
        String begin = "-----BEGIN " + kind + "-----";
        int start = pem.indexOf(begin) + begin.length();
        return Base64.getMimeDecoder().decode(pem.substring(start, pem.indexOf("-----END", start)));
    }

    private static Certificate certificateIn(String pem) throws GeneralSecurityException {
        byte[] der = block(pem, "CERTIFICATE");
        return CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    private static PrivateKey keyIn(String pem) throws GeneralSecurityException {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(block(pem, "PRIVATE KEY"));
        for (String algorithm : new String[] {"EC", "Ed25519"}) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (GeneralSecurityException other) {
                continue;
            }
        }
        return KeyFactory.getInstance("RSA").generatePrivate(spec);
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static SSLContext contextOf(String command) throws GeneralSecurityException, IOException {
        String own = Files.readString(Path.of(valueOf(command, "cert")));
        KeyStore keys = emptyStore();
        keys.setKeyEntry("own", keyIn(own), PASSWORD, new Certificate[] {certificateIn(own)});
        KeyManagerFactory identity = KeyManagerFactory.getInstance("PKIX");
        identity.init(keys, PASSWORD);
        KeyStore authorities = emptyStore();
        String authority = Files.readString(Path.of(valueOf(command, "ca")));
        authorities.setCertificateEntry("authority", certificateIn(authority));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(identity.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private String start(String command) throws GeneralSecurityException, IOException {
        boolean isServer = "true".equals(valueOf(command, "server"));
        String host = isServer ? null : valueOf(command, "name");
        SSLSocket layer =
                (SSLSocket) contextOf(command).getSocketFactory().createSocket(layers.peek(), host, 0, false);
        layer.setUseClientMode(!isServer);
        String version = valueOf(command, "max");
        if (version != null) layer.setEnabledProtocols(new String[] {version});
        SSLParameters parameters = layer.getSSLParameters();
        if (!isServer) parameters.setEndpointIdentificationAlgorithm("HTTPS");
        layer.setSSLParameters(parameters);
        layer.startHandshake();
        layers.push(layer);
        return "\"version\": \"" + layer.getSession().getProtocol() + "\"";
    }

    /** close() would not wait for the other side's close_notify. */
    private String stop() throws IOException {
        layers.peek().shutdownOutput();
        if (layers.peek().getInputStream().read() >= 0) throw new IOException("more before close_notify");
        layers.pop();
        return "";
    }

    private String text(byte[] bytes) {
        return "\"text\": \"" + new String(bytes) + "\"";
    }

    private String perform(String command) throws GeneralSecurityException, IOException {
        Socket innermost = layers.peek();
        switch (valueOf(command, "do")) {
            case "start":
                return start(command);
            case "stop":
                return stop();
            case "write":
                innermost.getOutputStream().write(valueOf(command, "text").getBytes());
                return "";
            case "read":
                byte[] bytes = new byte[Integer.parseInt(valueOf(command, "length"))];
                new DataInputStream(innermost.getInputStream()).readFully(bytes);
                return text(bytes);
            case "rest":
                return text(innermost.getInputStream().readAllBytes());
            case "end":
                for (Socket layer : layers) layer.close();
                return "";
            default:
                throw new IOException("no such command");
        }
    }

    public static void main(String[] arguments) throws IOException {
        Socket transport = new Socket("127.0.0.1", Integer.parseInt(arguments[0]));
        transport.setTcpNoDelay(true);
        Peer peer = new Peer(transport);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String answer;
            try {
                answer = "{" + peer.perform(line) + "}";
            } catch (GeneralSecurityException | IOException error) {
                answer = "{\"error\": \"" + error.toString().replace("\"", "'") + "\"}";
            }
            System.out.println(answer);
        }
    }
}
