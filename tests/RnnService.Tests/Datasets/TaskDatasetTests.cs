using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RnnService.Storage;
using RnnService.Storage.Examples;
using RnnService.TrainingJobs;

namespace RnnService.Tests.Datasets;

/// <summary>Every task in every format it has: described truly, and read back as it was sent.</summary>
public sealed class TaskDatasetTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("vector_classification", "jsonl", "{\"features\":[1,-2.5],\"label\":\"x\"}\n{\"label\":2,\"features\":[3e1,0]}\n")]
    [InlineData("vector_classification", "csv", "width,label,height\n1,x,-2.5\n 3e1 ,2,0\n")]
    [InlineData("vector_classification", "tsv", "width\theight\tlabel\r\n1\t-2.5\tx\r\n30\t0\t2\r\n")]
    public async Task Vectors_with_a_class(string task, string format, string content)
    {
        var dataset = await StoreAsync(task, format, content);
        Describes(dataset, """{"rows":2,"input":"vector","labels":{"2":1,"x":1},"feature_size":2,"lengths":{"min":1,"p50":1,"p95":1,"max":1},"target_lengths":null}""");
        Assert.Equal(format == "jsonl" ? "null" : """["width","height"]""", dataset.GetProperty("feature_names").GetRawText());
        Assert.Equal(["1 -2.5 x", "30 0 2"], Read(dataset).Select(row => $"{string.Join(' ', row.Features!)} {row.Label}"));
    }

    [Theory]
    [InlineData("captioning", "jsonl", "{\"features\":[0,1],\"text\":\"one, two three\"}\n{\"features\":[0,1],\"text\":\"one\"}\n")]
    [InlineData("captioning", "csv", "a,text,b\n0,\"one, two three\",1\n0,one,1\n")]
    [InlineData("captioning", "tsv", "a\tb\ttext\n0\t1\tone, two three\n0\t1\tone\n")]
    public async Task Vectors_with_several_texts_each(string task, string format, string content)
    {
        var dataset = await StoreAsync(task, format, content);
        Describes(dataset, """{"rows":2,"input":"vector","labels":{},"feature_size":2,"lengths":{"min":1,"p50":1,"p95":3,"max":3},"target_lengths":null,"warnings":[]}""");
        Assert.Equal(["0 1 one, two three", "0 1 one"], Read(dataset).Select(row => $"{string.Join(' ', row.Features!)} {row.Target}"));
    }

    [Theory]
    [InlineData("sequence_classification", "jsonl", "{\"text\":\"one two\",\"label\":\"x\"}\n{\"text\":\"three\",\"label\":\"y\"}\n")]
    [InlineData("sequence_classification", "csv", "label,text\nx,one two\ny,three\n")]
    [InlineData("sequence_classification", "tsv", "text\tlabel\none two\tx\nthree\ty\n")]
    public async Task Texts_with_a_class(string task, string format, string content)
    {
        var dataset = await StoreAsync(task, format, content);
        Describes(dataset, """{"rows":2,"input":"text","labels":{"x":1,"y":1},"feature_size":null,"feature_names":null,"lengths":{"min":1,"p50":1,"p95":2,"max":2},"target_lengths":null}""");
        Assert.Equal(["one two x", "three y"], Read(dataset).Select(row => $"{row.Text} {row.Label}"));
    }

    [Fact]
    public async Task Tokens_with_a_label_each_are_counted_by_step()
    {
        var dataset = await StoreAsync("sequence_labeling", "jsonl", "{\"tokens\":[\"a\",\"b\",\"c\"],\"labels\":[\"x\",\"y\",\"x\"]}\n{\"labels\":[1],\"tokens\":[\"d\"]}\n");
        Describes(dataset, """{"rows":2,"input":"tokens","labels":{"1":1,"x":2,"y":1},"feature_size":null,"lengths":{"min":1,"p50":1,"p95":3,"max":3},"target_lengths":null}""");
        Assert.Equal(["a b c|x y x", "d|1"], Read(dataset).Select(row => $"{string.Join(' ', row.Tokens!)}|{string.Join(' ', row.Labels!)}"));
    }

    [Fact]
    public async Task Frames_with_a_label_each_are_counted_by_step()
    {
        var dataset = await StoreAsync("sequence_labeling", "jsonl", "{\"frames\":[[1,2],[3,4]],\"labels\":[\"x\",\"y\"]}\n{\"frames\":[[5,6]],\"labels\":[\"x\"]}\n");
        Describes(dataset, """{"rows":2,"input":"frames","labels":{"x":2,"y":1},"feature_size":2,"lengths":{"min":1,"p50":1,"p95":2,"max":2}}""");
        Assert.Equal([3f, 4f], Read(dataset)[0].Frames![1]);
        Assert.Equal(["x", "y"], Read(dataset)[0].Labels!);
    }

    [Theory]
    [InlineData("translation", "jsonl", "{\"source\":\"ja\",\"target\":\"yes it is\"}\n{\"target\":\"no\",\"source\":\"nein, nie\"}\n")]
    [InlineData("translation", "csv", "target,source\nyes it is,ja\nno,\"nein, nie\"\n")]
    [InlineData("translation", "tsv", "source\ttarget\nja\tyes it is\nnein, nie\tno\n")]
    public async Task Texts_with_a_translation(string task, string format, string content)
    {
        var dataset = await StoreAsync(task, format, content);
        Describes(dataset, """{"rows":2,"input":"text","labels":{},"lengths":{"min":1,"p50":1,"p95":2,"max":2},"target_lengths":{"min":1,"p50":1,"p95":3,"max":3}}""");
        Assert.Equal(["ja → yes it is", "nein, nie → no"], Read(dataset).Select(row => $"{row.Text} → {row.Target}"));
    }

    [Theory]
    [InlineData("language_modeling", "jsonl", "{\"text\":\"one\\ntwo\"}\n\n{\"text\":\"three\"}\n")]
    [InlineData("language_modeling", "csv", "text\n\"one\ntwo\"\nthree\n")]
    [InlineData("language_modeling", "tsv", "text\n\"one\ntwo\"\nthree\n")]
    public async Task Texts_to_continue(string task, string format, string content)
    {
        var dataset = await StoreAsync(task, format, content);
        Describes(dataset, """{"rows":2,"input":"text","labels":{},"feature_size":null,"lengths":{"min":1,"p50":1,"p95":2,"max":2},"target_lengths":null}""");
        Assert.Equal(["one\ntwo", "three"], Texts(dataset));
    }

    [Theory]
    [InlineData("first line\r\n\r\n  second — line \n\n", 4)]
    [InlineData("no line end at all", 1)]
    [InlineData("a\rb\n語", 2)]
    [InlineData("\n\n", 2)]
    public async Task Plain_text_is_one_text_with_its_line_ends(string content, int lines)
    {
        var dataset = await StoreAsync("language_modeling", "txt", content);
        Assert.Equal("text", dataset.Text("format"));
        Assert.Equal(lines, dataset.GetProperty("rows").GetInt32());
        Assert.Equal(content, string.Concat(Texts(dataset)));
        var response = await fixture.Client.GetAsync($"/api/v1/datasets/{dataset.Text("id")}/content", Cancellation);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(content, await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Plain_text_without_line_ends_may_be_longer_than_a_line()
    {
        // Pairs of UTF-16 units at an odd place: a piece would end between their halves.
        var content = "x" + string.Concat(Enumerable.Repeat("😀 word ", 700_000)) + "\nlast";
        Assert.True(System.Text.Encoding.UTF8.GetByteCount(content) > new Limits().LineBytes);
        var dataset = await StoreAsync("language_modeling", "txt", "\uFEFF" + content);
        Assert.Equal(2, dataset.GetProperty("rows").GetInt32());
        Assert.Equal(content, string.Concat(Texts(dataset)));
        Assert.All(Read(dataset), row => Assert.False(char.IsLowSurrogate(row.Text![0])));
    }

    [Fact]
    public async Task A_text_to_continue_may_have_more_steps_than_an_input()
    {
        var book = string.Concat(Enumerable.Repeat("word ", new Limits().StepsPerInput + 1));
        var dataset = await StoreAsync("language_modeling", "jsonl", JsonSerializer.Serialize(new { text = book }));
        Assert.Equal(new Limits().StepsPerInput + 1, dataset.GetProperty("lengths").GetProperty("max").GetInt32());
    }

    [Theory]
    [InlineData("data.json")]
    [InlineData("data.NDJSON")]
    [InlineData("data.tab")]
    public async Task Other_endings_tell_the_format_too(string fileName)
    {
        var content = fileName.EndsWith("tab", StringComparison.Ordinal) ? "source\ttarget\na\tb\n" : "{\"source\":\"a\",\"target\":\"b\"}\n";
        Assert.Equal(HttpStatusCode.Created, (await fixture.Client.UploadAsync($"ending-{Guid.NewGuid():n}", content, fileName, "translation")).StatusCode);
    }

    [Fact]
    public async Task Repeated_rows_are_told_as_the_task_sees_them()
    {
        // The same source with another target is another example, the same input with another label a contradiction.
        const string once = " repeats an earlier one: keep one of each, or what is held out for validation may also be learnt from.";
        Assert.Equal(["1 of 4 rows" + once], Warnings(await StoreAsync("translation", "tsv", "source\ttarget\na\tb\na\tc\na\tb\nb\ta\n")));
        Assert.Equal(["1 of 4 rows" + once], Warnings(await StoreAsync("captioning", "csv", "f,text\n1,b\n1,c\n1,b\n2,b\n")));
        Assert.Equal(["1 of 3 rows" + once], Warnings(await StoreAsync("language_modeling", "csv", "text\nab\nc\nab\n")));
        Assert.Empty(Warnings(await StoreAsync("language_modeling", "txt", "ab\n\n\nab\n")));
        var steps = Warnings(await StoreAsync("sequence_labeling", "jsonl", string.Concat(Enumerable.Repeat("{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\",\"x\"]}\n", 30)) + "{\"tokens\":[\"a\",\"b\"],\"labels\":[\"x\",\"y\"]}\n"));
        Assert.Equal(
            [
                "30 of 31 rows repeat the input of an earlier one: keep one of each, or what is held out for validation may also be learnt from.",
                "1 of the repeated inputs has other labels than before: correct them, since no model can give both answers.",
                "Labels are unbalanced: 'x' has 61 steps (98 %), 'y' 1; look at macro_f1 beside accuracy (training.class_weights balanced gives rare labels more weight).",
                "1 label has fewer than 5 steps, for example 'y' with 1: send more of them, or leave them out.",
            ],
            steps);
        Assert.Contains("1 of the repeated inputs has another label than before: correct them, since no model can give both answers.", Warnings(await StoreAsync("vector_classification", "csv", "f,label\n1,x\n1,y\n")));
    }

    [Fact]
    public async Task The_upload_form_is_described_for_every_task()
    {
        var document = JsonSerializer.Deserialize<JsonElement>(await fixture.Client.GetStringAsync("/swagger/v1/swagger.json", Cancellation));
        var upload = document.GetProperty("paths").GetProperty("/api/v1/datasets").GetProperty("post");
        var properties = upload.GetProperty("requestBody").GetProperty("content").GetProperty("multipart/form-data").GetProperty("schema").GetProperty("properties");
        var tasks = properties.GetProperty("task").GetProperty("enum").EnumerateArray().Select(task => task.GetString() ?? "").ToArray();
        Assert.Equal(6, tasks.Length);
        Assert.All(tasks, task => Assert.Contains($"`{task}` (", upload.Text("description"), StringComparison.Ordinal));
        Assert.Equal(["csv", "tsv", "jsonl", "text"], properties.GetProperty("format").GetProperty("enum").EnumerateArray().Select(format => format.GetString()));
    }

    private async Task<JsonElement> StoreAsync(string task, string ending, string content)
    {
        var response = await fixture.Client.UploadAsync($"stored-{Guid.NewGuid():n}", content, $"data.{ending}", task);
        var dataset = await response.JsonAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, dataset.ToString());
        Assert.Equal(task, dataset.Text("task"));
        return dataset;
    }

    /// <summary>Asserts every property of the expected object.</summary>
    private static void Describes(JsonElement dataset, string expected)
    {
        foreach (var property in JsonSerializer.Deserialize<JsonElement>(expected).EnumerateObject())
            Assert.Equal($"{property.Name}: {property.Value.GetRawText()}", $"{property.Name}: {dataset.GetProperty(property.Name).GetRawText()}");
    }

    private static string[] Warnings(JsonElement dataset) => [.. dataset.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString() ?? "")];

    private DatasetRow Row(JsonElement dataset)
    {
        using var context = fixture.Service.Context();
        var id = dataset.Text("id");
        return context.Datasets.Single(row => row.Id == id);
    }

    private List<DatasetExample> Read(JsonElement dataset) => [.. Reader.Read(Row(dataset), Cancellation)];

    private List<string> Texts(JsonElement dataset) => [.. JobRows.Read(Reader, Row(dataset)).Texts];

    private DatasetReader Reader => fixture.Service.App.Services.GetRequiredService<DatasetReader>();
}
