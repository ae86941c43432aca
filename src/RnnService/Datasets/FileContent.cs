using System.Security.Cryptography;
using System.Text.Unicode;
using RnnService.Http;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>
/// The bytes of an uploaded file on their way through: what a reader takes is counted, checked to be UTF-8 in lines of bounded length
/// (plain text has none), hashed and, if wanted, copied to where it is kept. So one pass validates and stores, and nothing is held but a buffer.
/// </summary>
internal sealed class FileContent(Stream source, Stream? copyTo, DatasetFormat format, Limits limits) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _pending = new byte[4];
    private int _pendingCount;
    private long _bytes;
    private long _line = 1;
    private long _lineBytes;

    /// <summary>SHA-256 of what was read, in lower-case hexadecimal; call once, at the end.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <inheritdoc/>
    /// <exception cref="ProblemException">The file is too large, not UTF-8, has a line that is too long, or was cut off.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await ReadSourceAsync(buffer, cancellationToken);
        var read = buffer[..count];
        _bytes += count;
        if (_bytes > limits.DatasetBytes)
            throw new ProblemException(Problems.TooLarge("The file", limits.DatasetBytes, "RnnService:Limits:DatasetBytes"));
        Check(read.Span);
        _hash.AppendData(read.Span);
        if (copyTo is not null && count > 0)
            await copyTo.WriteAsync(read, cancellationToken);
        return count;
    }

    /// <summary>Reads to the end, for the checks and the hash alone.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        while (await ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }

    private async ValueTask<int> ReadSourceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException cut) when (cut is not BadHttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            throw UploadForm.Truncated();
        }
    }

    private void Check(ReadOnlySpan<byte> read)
    {
        if (read.IsEmpty && _pendingCount > 0)
            throw NotUtf8(_line, _pending[0]);
        // A character may be cut by the end of the previous read: complete it byte by byte.
        var rest = read;
        while (_pendingCount > 0 && !rest.IsEmpty)
        {
            _pending[_pendingCount++] = rest[0];
            rest = rest[1..];
            var character = _pending.AsSpan(0, _pendingCount);
            if (Utf8.IsValid(character))
                _pendingCount = 0;
            else if (_pendingCount >= CharacterBytes(_pending[0]))
                throw NotUtf8(_line, _pending[0]);
        }
        var tail = TailOf(rest);
        CheckWhole(rest[..^tail]);
        rest[^tail..].CopyTo(_pending.AsSpan(_pendingCount));
        _pendingCount += tail;
        CountLines(read);
    }

    private void CheckWhole(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text))
            return;
        for (var at = 0; at < text.Length;)
        {
            var valid = System.Text.Rune.DecodeFromUtf8(text[at..], out _, out var length) == System.Buffers.OperationStatus.Done;
            if (!valid)
                throw NotUtf8(_line + text[..at].Count((byte)'\n'), text[at]);
            at += length;
        }
    }

    private void CountLines(ReadOnlySpan<byte> read)
    {
        for (var end = read.IndexOf((byte)'\n'); end >= 0; end = read.IndexOf((byte)'\n'))
        {
            CheckLine(_lineBytes + end);
            _line++;
            _lineBytes = 0;
            read = read[(end + 1)..];
        }
        _lineBytes += read.Length;
        CheckLine(_lineBytes);
    }

    private void CheckLine(long bytes)
    {
        if (format != DatasetFormat.Text && bytes > limits.LineBytes)
        {
            throw new ProblemException(Problems.InvalidFile(
                $"Line {_line} is longer than {limits.LineBytes:N0} bytes.",
                "Send one example a line; is this a text file with line ends? The setting RnnService:Limits:LineBytes raises the limit.",
                [ProblemError.AtLine(_line, "The line is too long.")]));
        }
    }

    private static ProblemException NotUtf8(long line, byte found)
    {
        var isUtf16 = line == 1 && found is (0xFF or 0xFE);
        var from = isUtf16 ? "utf-16" : "latin1";
        return new ProblemException(Problems.InvalidFile(
            $"Line {line} is not UTF-8: it holds the byte 0x{found:X2} where none can be.",
            $"Save the file as UTF-8, for example: iconv -f {from} -t utf-8 reviews.csv > reviews-utf8.csv",
            [ProblemError.AtLine(line, $"Not UTF-8 (byte 0x{found:X2}).")]));
    }

    /// <summary>How many bytes at the end begin a character that is not complete.</summary>
    private static int TailOf(ReadOnlySpan<byte> text)
    {
        for (var back = 1; back <= Math.Min(3, text.Length); back++)
        {
            var lead = text[^back];
            if ((lead & 0xC0) != 0x80)
                return CharacterBytes(lead) > back ? back : 0;
        }
        return 0;
    }

    private static int CharacterBytes(byte lead) => lead switch
    {
        >= 0xC2 and <= 0xDF => 2,
        >= 0xE0 and <= 0xEF => 3,
        >= 0xF0 and <= 0xF4 => 4,
        _ => 1,
    };

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => _bytes; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
